using Broker.Actors.Clustering;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Clustering;

/// <summary>Who gets partitions that others lead: not who has just come back.</summary>
public sealed class SettledNodesTests
{
    private static readonly NodeId One = new(1);
    private static readonly NodeId Two = new(2);
    private readonly TestClock _clock = new();
    private readonly SettledNodes _nodes;

    public SettledNodesTests() => _nodes = new SettledNodes(_clock);

    [Fact]
    public void Who_is_not_there_is_not_settled()
    {
        _nodes.See([(One, 1)]);

        Assert.False(_nodes.IsSettled(Two));
    }

    // As a coordinator whose predecessor died a moment ago, and has come back.
    [Fact]
    public void Who_looks_for_the_first_time_takes_nobody_for_settled_that_has_been_there_before()
    {
        _nodes.See([(One, 7), (Two, 2)]);
        Assert.False(_nodes.IsSettled(One));
        Assert.False(_nodes.IsSettled(Two));

        _clock.Advance(SettledNodes.SettlesAfter);
        Assert.True(_nodes.IsSettled(One));
        Assert.True(_nodes.IsSettled(Two));
    }

    [Fact]
    public void Node_that_comes_for_the_first_time_is_settled_at_once()
    {
        _nodes.See([(One, 1)]);
        _nodes.See([(One, 1), (Two, 1)]);

        Assert.True(_nodes.IsSettled(Two));
    }

    [Fact]
    public void Node_that_comes_back_is_settled_after_the_time_that_clients_wait()
    {
        _nodes.See([(One, 1), (Two, 1)]);
        _nodes.See([(One, 1)]);
        _nodes.See([(One, 1), (Two, 2)]);
        Assert.False(_nodes.IsSettled(Two));

        _clock.Advance(SettledNodes.SettlesAfter - TimeSpan.FromMilliseconds(1));
        _nodes.See([(One, 1), (Two, 2)]);
        Assert.False(_nodes.IsSettled(Two));
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(_nodes.IsSettled(Two));
    }

    // Between two looks.
    [Fact]
    public void Node_that_was_started_anew_unnoticed_begins_anew()
    {
        _nodes.See([(One, 1), (Two, 2)]);
        _clock.Advance(SettledNodes.SettlesAfter);
        _nodes.See([(One, 1), (Two, 3)]);

        Assert.False(_nodes.IsSettled(Two));
        Assert.True(_nodes.IsSettled(One));
    }

    [Fact]
    public void Node_that_goes_and_comes_back_again_waits_again()
    {
        _nodes.See([(One, 1), (Two, 1)]);
        _nodes.See([(One, 1), (Two, 2)]);
        _clock.Advance(SettledNodes.SettlesAfter);
        _nodes.See([(One, 1)]);
        Assert.False(_nodes.IsSettled(Two));
        _nodes.See([(One, 1), (Two, 3)]);

        Assert.False(_nodes.IsSettled(Two));
    }
}
