namespace Broker.Chaos.Faults;

/// <summary>What is drawn for a run.</summary>
public sealed class ScheduleTests
{
    private static readonly FaultKind[] All = Enum.GetValues<FaultKind>();

    [Fact]
    public void Seed_gives_the_same_faults_again() =>
        Assert.Equal(Text(new Schedule(7, All, 3, overlaps: true)), Text(new Schedule(7, All, 3, overlaps: true)));

    [Fact]
    public void Another_seed_gives_others() =>
        Assert.NotEqual(Text(new Schedule(7, All, 3, overlaps: true)), Text(new Schedule(8, All, 3, overlaps: true)));

    [Fact]
    public void Each_kind_comes_once_in_as_many_rounds_as_there_are_kinds() => Assert.Equal(
        All, new Schedule(1, All, 3, overlaps: false).Rounds().Take(All.Length).Select(round => Assert.Single(round).Kind).Order());

    [Fact]
    public void Fault_befalls_nodes_that_are_there_and_each_of_them_once()
    {
        foreach (PlannedFault fault in new Schedule(1, All, 3, overlaps: true).Rounds().Take(500).SelectMany(round => round))
        {
            Assert.NotEmpty(fault.Nodes);
            Assert.Equal(fault.Nodes.Count, fault.Nodes.Distinct().Count());
            Assert.All(fault.Nodes, node => Assert.InRange(node, 1, 3));
        }
    }

    [Fact]
    public void Two_faults_at_a_time_are_one_of_the_store_and_one_of_something_else()
    {
        IReadOnlyList<PlannedFault>[] doubles = [.. new Schedule(1, All, 3, overlaps: true).Rounds().Take(500).Where(round => round.Count > 1)];

        Assert.NotEmpty(doubles);
        Assert.All(doubles, round => Assert.True(round is [_, { Kind: FaultKind.StoreSlow or FaultKind.StoreStalls or FaultKind.StoreFailing }], string.Join(" and ", round)));
    }

    private static string Text(Schedule schedule) => string.Join('\n', schedule.Rounds().Take(100).SelectMany(round => round));
}
