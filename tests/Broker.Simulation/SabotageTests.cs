using Broker.Simulation.Store;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Simulation;

/// <summary>The simulation can fail: what breaks a promise is found.</summary>
public sealed class SabotageTests
{
    // Found within some dozen; so many make sure of it.
    private const int Seeds = 400;

    [SkippableTheory]
    [InlineData("data/")]
    [InlineData("wal/")]
    [InlineData("meta/log/")]
    public void Store_that_forgets_what_it_acknowledged_is_found_out_whatever_it_was(string prefix) =>
        Assert.Matches(@"^seed \d+: ", FirstFailure(new Sabotage(store => new ForgetfulStore(store, prefix))));

    [SkippableTheory]
    [InlineData("data/")]
    [InlineData("wal/")]
    public void Store_that_forgets_is_found_out_in_a_cluster_as_well(string prefix) =>
        Assert.Matches(@"^seed \d+: ", FirstFailure(new Sabotage(store => new ForgetfulStore(store, prefix)), SeedRange.Cluster));

    [SkippableFact]
    public void Disk_that_does_not_sync_is_found_out() =>
        Assert.Matches(@"^seed \d+: L\d", FirstFailure(new Sabotage(store => store, DiskLies: true)));

    [SkippableFact]
    public void Deletion_of_more_than_was_asked_for_is_found_out() => Assert.Matches(
        @"^seed \d+: L6",
        FirstFailure(new Sabotage(store => store, Tamper: (request, _) => Deletions(request).ForEach(one => one.Offset = -1))));

    [SkippableFact]
    public void Deletion_that_is_confirmed_and_not_done_is_found_out() => Assert.Matches(
        @"^seed \d+: L5",
        FirstFailure(new Sabotage(store => store, Tamper: (request, _) => Deletions(request).ForEach(one => one.Offset = 0))));

    [SkippableTheory]
    [InlineData("min.cleanable.dirty.ratio", "1", "L10")]
    [InlineData("delete.retention.ms", "0", "L(8|12)")]
    [InlineData("cleanup.policy", "compact,delete", "L6")]
    public void Topic_that_is_compacted_otherwise_than_was_asked_for_is_found_out(string config, string value, string promise) =>
        Assert.Matches($@"^seed \d+: {promise}\b", FirstFailure(new Sabotage(store => store, Tamper: (request, _) => Configs(request, config).ForEach(one => one.Value = value))));

    [SkippableFact]
    public void Commit_of_another_offset_is_found_out() => Assert.Matches(
        @"^seed \d+: L11",
        FirstFailure(new Sabotage(store => store, Tamper: (request, answer) =>
            (request as OffsetCommitRequest)?.Topics.SelectMany(topic => topic.Partitions).ToList().ForEach(one => one.CommittedOffset -= answer is null && one.CommittedOffset % 5 == 0 ? 1 : 0))));

    [SkippableFact]
    public void Commit_that_is_acknowledged_and_forgotten_is_found_out() => Assert.Matches(
        @"^seed \d+: L11",
        FirstFailure(new Sabotage(store => store, Tamper: (request, answer) =>
        {
            if (request is OffsetCommitRequest commit && commit.Topics[0].Partitions[0].CommittedOffset % 5 == 0)
            {
                commit.GroupId = "another";
            }
        })));

    [SkippableFact]
    public void Runs_of_one_seed_that_differ_are_found_out()
    {
        BundledAkka.Require();
        Sabotage another = new(store => store, Tamper: (request, answer) =>
        {
            if (request is FetchRequest fetch && answer is null)
            {
                fetch.MaxWaitMs++;
            }
        });

        Assert.Matches(@"^seed 1: two runs differ: ", new SeedRange(1, 1, Sabotage.None, another).Run().Failure?.Text ?? "");
    }

    // What follows the seed is what is needed to see it again.
    [SkippableFact]
    public void Failure_names_its_seed_the_promise_its_replay_and_its_last_events()
    {
        string text = FirstFailure(new Sabotage(store => new ForgetfulStore(store, "wal/")));

        Assert.Matches(@"again: make sim SEED=\d+", text);
        Assert.Contains("the last events of seed", text, StringComparison.Ordinal);
        Assert.Matches(@"\d+\.\d{3} ms  node-", text);
    }

    private static List<DeleteRecordsRequest.DeleteRecordsPartition> Deletions(IKafkaRequest request) =>
        request is DeleteRecordsRequest deletion ? [.. deletion.Topics.SelectMany(topic => topic.Partitions)] : [];

    // Of compacted topics: their tombstones count, and they keep what retention would take.
    private static List<CreateTopicsRequest.CreatableTopicConfig> Configs(IKafkaRequest request, string name) =>
        request is CreateTopicsRequest creation
            ? [.. creation.Topics.SelectMany(topic => topic.Configs).Where(config => config.Name == name && (name != "cleanup.policy" || config.Value == "compact"))]
            : [];

    private static string FirstFailure(Sabotage sabotage, string kind = SeedRange.Node)
    {
        BundledAkka.Require();
        return new SeedRange(1, Seeds, sabotage, kind: kind).Run().Failure?.Text ?? "";
    }
}
