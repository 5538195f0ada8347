using Broker.Actors.Groups;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Groups;

/// <summary>When committed offsets are forgotten (KIP-211).</summary>
public sealed class CommittedOffsetsTests
{
    private const long Retention = 100;
    private readonly CommittedOffsets _offsets = new();

    public CommittedOffsetsTests()
    {
        _offsets.Set(new TopicPartition("old", 0), new CommittedOffset(1, -1, "", CommitTimeMs: 1000));
        _offsets.Set(new TopicPartition("new", 0), new CommittedOffset(1, -1, "", CommitTimeMs: 1050));
        _offsets.Set(new TopicPartition("named", 0), new CommittedOffset(1, -1, "", CommitTimeMs: 1000, ExpireTimeMs: 1500));
    }

    [Theory]
    [InlineData(1099, "")]
    [InlineData(1100, "old")]
    [InlineData(1149, "old")]
    [InlineData(1150, "old,new")]
    [InlineData(1500, "old,new,named")]
    public void Offset_is_kept_for_the_retention_or_as_long_as_its_client_said(long nowMs, string expired) =>
        Assert.Equal(expired, Expired(nowMs));

    [Fact]
    public void Retention_begins_when_the_group_lost_its_members()
    {
        Assert.Equal("", Expired(1300, sinceMs: 1201));
        Assert.Equal("old,new", Expired(1301, sinceMs: 1201));
    }

    [Fact]
    public void Topics_that_are_subscribed_to_are_kept() => Assert.Equal("old,named", Expired(2000, kept: "new"));

    [Theory]
    [InlineData("0000" + "00000002" + "000161" + "000162" + "FFFFFFFF", "a,b")]
    [InlineData("0003" + "00000000" + "FFFFFFFF" + "00000000", "")]
    [InlineData("00", null)]
    [InlineData("0000" + "7FFFFFFF", null)]
    public void Subscription_names_its_topics_or_is_none(string hex, string? topics)
    {
        IReadOnlyList<string>? found = ConsumerSubscription.TopicsOf(Convert.FromHexString(hex));

        Assert.Equal(topics, found is null ? null : string.Join(',', found));
    }

    private string Expired(long nowMs, long sinceMs = 0, string kept = "none") =>
        string.Join(',', _offsets.Expired(nowMs, Retention, sinceMs, new HashSet<string> { kept }).Select(partition => partition.Topic));
}
