using Broker.Actors.Clustering;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Unit.Clustering;

/// <summary>J3 and J4: when a start that no member answers begins the cluster.</summary>
public sealed class FirstClaimTests
{
    private static readonly NodeEntry Mine = Entry(1);
    private static readonly NodeEntry Other = Entry(2);
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private readonly TestClock _clock = new();
    private readonly FirstClaim _claim;

    public FirstClaimTests() => _claim = new FirstClaim(Mine.Incarnation, _clock);

    [Fact]
    public void J3_where_all_who_are_registered_answer_the_cluster_is_begun_as_soon_as_the_place_is_taken()
    {
        Assert.Equal(FirstClaim.Step.Take, Look(null, someAreSilent: false));
        Assert.Equal(FirstClaim.Step.Begin, Look((Mine, "a"), someAreSilent: false));
    }

    [Fact]
    public void J3_where_nothing_is_heard_of_some_the_claim_has_to_stand()
    {
        Assert.Equal(FirstClaim.Step.Take, Look((Other, "a"), someAreSilent: true));
        Assert.Equal(FirstClaim.Step.Wait, Look((Mine, "b"), someAreSilent: true));
        _clock.Advance(FirstClaim.Undefended - Moment);
        Assert.Equal(FirstClaim.Step.Wait, Look((Mine, "b"), someAreSilent: true));
        _clock.Advance(Moment);
        Assert.Equal(FirstClaim.Step.Begin, Look((Mine, "b"), someAreSilent: true));
        Assert.False(_claim.IsLost);
    }

    // As when all nodes start again after a failure of power.
    [Fact]
    public void J3_those_that_are_heard_of_after_all_need_not_be_waited_for()
    {
        Look(null, someAreSilent: true);
        Assert.Equal(FirstClaim.Step.Wait, Look((Mine, "a"), someAreSilent: true));

        Assert.Equal(FirstClaim.Step.Begin, Look((Mine, "a"), someAreSilent: false));
    }

    [Fact]
    public void J4_claim_that_was_lost_is_not_made_again_before_the_others_has_stood_for_longer()
    {
        Look((Other, "a"), someAreSilent: true);
        Look((Mine, "b"), someAreSilent: true);
        _clock.Advance(FirstClaim.DefendEvery);

        Assert.Equal(FirstClaim.Step.Wait, Look((Other, "c"), someAreSilent: true));
        Assert.True(_claim.IsLost);
        _clock.Advance(FirstClaim.Unquestioned - Moment);
        Assert.Equal(FirstClaim.Step.Wait, Look((Other, "c"), someAreSilent: true));
        _clock.Advance(Moment);
        Assert.Equal(FirstClaim.Step.Take, Look((Other, "c"), someAreSilent: true));

        // By now it knows that a cluster lived.
        Assert.Equal(FirstClaim.Step.Wait, Look((Mine, "d"), someAreSilent: true));
        _clock.Advance(FirstClaim.UndefendedOnceLost - Moment);
        Assert.Equal(FirstClaim.Step.Wait, Look((Mine, "d"), someAreSilent: true));
        _clock.Advance(Moment);
        Assert.Equal(FirstClaim.Step.Begin, Look((Mine, "d"), someAreSilent: true));
    }

    // Each reaches the bucket alone: one of them has begun before the other asks again.
    [Fact]
    public void J4_of_two_that_cannot_reach_each_other_one_begins()
    {
        FirstClaim[] claims = [new(Mine.Incarnation, _clock), new(Other.Incarnation, _clock)];
        NodeEntry[] entries = [Mine, Other];
        (NodeEntry, string)? first = null;
        int writes = 0;
        int? begun = null;
        for (int second = 0; second < 60 && begun is null; second++)
        {
            for (int i = 0; i < 2 && begun is null; i++)
            {
                FirstClaim.Step step = Look(claims[i], first, someAreSilent: true);
                first = step == FirstClaim.Step.Take ? (entries[i], $"{++writes}") : first;
                begun = step == FirstClaim.Step.Begin ? i : null;
            }

            _clock.Advance(Moment);
        }

        Assert.NotNull(begun);
        Assert.InRange(writes, 2, 3);
    }

    // Another start was quicker, and is gone: that was no claim of this one.
    [Fact]
    public void J4_place_that_another_one_got_first_was_not_lost()
    {
        Assert.Equal(FirstClaim.Step.Take, _claim.Look(null, someAreSilent: true));

        Assert.Equal(FirstClaim.Step.Take, Look((Other, "a"), someAreSilent: true));
        Assert.Equal(FirstClaim.Step.Wait, Look((Mine, "b"), someAreSilent: true));
        _clock.Advance(FirstClaim.Undefended);
        Assert.Equal(FirstClaim.Step.Begin, Look((Mine, "b"), someAreSilent: true));
    }

    private FirstClaim.Step Look((NodeEntry, string)? first, bool someAreSilent) => Look(_claim, first, someAreSilent);

    private static FirstClaim.Step Look(FirstClaim claim, (NodeEntry, string)? first, bool someAreSilent)
    {
        FirstClaim.Step step = claim.Look(first, someAreSilent);
        if (step == FirstClaim.Step.Take)
        {
            claim.Taken();
        }

        return step;
    }

    private static NodeEntry Entry(int node) => new(new NodeId(node), Guid.NewGuid(), $"127.0.0.1:{node}", 0);
}
