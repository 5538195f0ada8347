using Broker.Actors.Groups;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.Groups;

/// <summary>Assignments, heartbeats, sessions, leaving and the right to commit.</summary>
public sealed class ClassicGroupSyncTests
{
    private readonly GroupScenario _scenario = new();

    private ClassicGroup Group => _scenario.Group;

    [Fact]
    public void Follower_gets_its_assignment_when_the_leader_has_sent_it()
    {
        (JoinGroupResponse leader, JoinGroupResponse follower) = JoinTwo();
        Answer<SyncGroupResponse> early = _scenario.Sync(follower);
        Assert.False(early.IsThere);

        Answer<SyncGroupResponse> leaders = _scenario.Sync(leader, (leader.MemberId, [1]), (follower.MemberId, [2]));

        Assert.Equal([1], leaders.Value.Assignment);
        Assert.Equal([2], early.Value.Assignment);
        Assert.Equal([2], _scenario.Sync(follower).Value.Assignment);
    }

    [Fact]
    public void Member_that_the_leader_forgot_gets_an_empty_assignment()
    {
        (JoinGroupResponse leader, JoinGroupResponse follower) = JoinTwo();
        _scenario.Sync(leader, (leader.MemberId, [1]));

        SyncGroupResponse answer = _scenario.Sync(follower).Value;

        Assert.Equal(0, answer.ErrorCode);
        Assert.Empty(answer.Assignment);
    }

    [Fact]
    public void G1_assignments_are_given_out_only_when_they_are_stored()
    {
        (JoinGroupResponse leader, JoinGroupResponse follower) = JoinTwo();
        _scenario.Host.StoresAtOnce = false;
        Answer<SyncGroupResponse> first = _scenario.Sync(leader, (leader.MemberId, [1]));
        Answer<SyncGroupResponse> second = _scenario.Sync(follower);
        Assert.False(first.IsThere || second.IsThere);

        _scenario.Host.CompleteStores();

        Assert.True(first.IsThere && second.IsThere);
        Assert.Equal(GroupState.Stable, Group.State);
    }

    [Fact]
    public void G1_assignments_that_cannot_be_stored_are_refused_and_made_anew()
    {
        (JoinGroupResponse leader, JoinGroupResponse _) = JoinTwo();
        _scenario.Host.StoresAtOnce = false;
        Answer<SyncGroupResponse> sync = _scenario.Sync(leader, (leader.MemberId, [1]));

        _scenario.Host.CompleteStores(ErrorCode.CoordinatorNotAvailable);

        Assert.Equal((short)ErrorCode.CoordinatorNotAvailable, sync.Value.ErrorCode);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void G2_sync_is_answered_when_another_member_joins_before_the_leader_synced()
    {
        (JoinGroupResponse _, JoinGroupResponse follower) = JoinTwo();
        Answer<SyncGroupResponse> waiting = _scenario.Sync(follower);

        _scenario.Join();

        Assert.Equal((short)ErrorCode.RebalanceInProgress, waiting.Value.ErrorCode);
    }

    [Fact]
    public void Assignments_of_an_older_generation_that_are_stored_late_change_nothing()
    {
        (JoinGroupResponse leader, JoinGroupResponse follower) = JoinTwo();
        _scenario.Host.StoresAtOnce = false;
        _scenario.Sync(leader, (leader.MemberId, [1]));
        Answer<JoinGroupResponse> third = _scenario.Join();
        _scenario.Join(leader.MemberId);
        _scenario.Join(follower.MemberId);
        Assert.Equal(2, third.Value.GenerationId);

        _scenario.Host.CompleteStores();

        Assert.Equal(GroupState.CompletingRebalance, Group.State);
    }

    [Fact]
    public void Sync_tells_strangers_old_generations_and_other_protocols_apart()
    {
        JoinGroupResponse joined = _scenario.MakeStable(1)[0];

        Assert.Equal((short)ErrorCode.UnknownMemberId, _scenario.Sync("stranger", 1).Value.ErrorCode);
        Assert.Equal((short)ErrorCode.IllegalGeneration, _scenario.Sync(joined.MemberId, 0).Value.ErrorCode);
        Answer<SyncGroupResponse> other = new();
        Group.Sync(new SyncGroupRequest { GroupId = "g", MemberId = joined.MemberId, GenerationId = 1, ProtocolName = "sticky" }, other.Set);
        Assert.Equal((short)ErrorCode.InconsistentGroupProtocol, other.Value.ErrorCode);
    }

    [Fact]
    public void Sync_during_a_rebalance_is_told_so()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);
        _scenario.Join();

        Assert.Equal((short)ErrorCode.RebalanceInProgress, _scenario.Sync(joined[0]).Value.ErrorCode);
    }

    [Fact]
    public void Heartbeat_tells_strangers_old_generations_and_rebalances_apart()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);

        Assert.Equal(ErrorCode.None, _scenario.Heartbeat(joined[0].MemberId, 1));
        Assert.Equal(ErrorCode.UnknownMemberId, _scenario.Heartbeat("stranger", 1));
        Assert.Equal(ErrorCode.IllegalGeneration, _scenario.Heartbeat(joined[0].MemberId, 0));
        _scenario.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, _scenario.Heartbeat(joined[0].MemberId, 1));
    }

    [Fact]
    public void Silent_member_is_given_up_when_its_session_ends()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);

        _scenario.Pass(GroupScenario.SessionMs - 1);
        _scenario.Heartbeat(joined[0].MemberId, 1);
        _scenario.Pass(1);

        Assert.Equal([joined[0].MemberId], Group.Members.Keys);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void Member_whose_join_waits_is_not_given_up()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);
        Answer<JoinGroupResponse> waiting = _scenario.Join(joined[0].MemberId);
        for (int i = 0; i < 3; i++)
        {
            _scenario.Heartbeat(joined[1].MemberId, 1);
            _scenario.Pass(GroupScenario.SessionMs - 1);
        }

        Assert.False(waiting.IsThere);
        Assert.Contains(joined[0].MemberId, Group.Members);
    }

    [Fact]
    public void Leader_that_never_syncs_is_expelled_with_the_rebalance_timeout()
    {
        (JoinGroupResponse leader, JoinGroupResponse follower) = JoinTwo();
        Answer<SyncGroupResponse> waiting = _scenario.Sync(follower);
        for (int i = 0; i < GroupScenario.RebalanceMs / 5000; i++)
        {
            _scenario.Heartbeat(leader.MemberId, 1);
            _scenario.Pass(5000);
        }

        Assert.Equal((short)ErrorCode.RebalanceInProgress, waiting.Value.ErrorCode);
        Assert.Equal([follower.MemberId], Group.Members.Keys);
    }

    [Fact]
    public void Leaving_member_makes_the_others_rebalance()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);

        Assert.Equal(ErrorCode.None, Group.Leave(joined[0].MemberId, null));
        Assert.Equal(ErrorCode.UnknownMemberId, Group.Leave(joined[0].MemberId, null));
        Assert.Equal(ErrorCode.RebalanceInProgress, _scenario.Heartbeat(joined[1].MemberId, 1));
    }

    [Fact]
    public void Member_that_leaves_before_it_used_its_id_lets_the_rebalance_go_on()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(1);
        string pending = _scenario.Join(requireId: true).Value.MemberId;
        Answer<JoinGroupResponse> rejoined = _scenario.Join(joined[0].MemberId);
        Assert.False(rejoined.IsThere);

        Assert.Equal(ErrorCode.None, Group.Leave(pending, null));

        Assert.Equal(2, rejoined.Value.GenerationId);
    }

    [Fact]
    public void Static_member_that_restarts_keeps_its_assignment_and_nobody_rebalances()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2, ["a", "b"]);
        string old = joined.Single(j => j.MemberId.StartsWith("b-", StringComparison.Ordinal)).MemberId;
        byte[] assignment = Group.Members[old].Assignment;

        JoinGroupResponse restarted = _scenario.Join(instance: "b").Value;

        Assert.Equal((0, 1, GroupState.Stable), (restarted.ErrorCode, restarted.GenerationId, Group.State));
        Assert.NotEqual(old, restarted.MemberId);
        Assert.Equal(assignment, _scenario.Sync(restarted.MemberId, 1, "b").Value.Assignment);
        Assert.Equal(ErrorCode.FencedInstanceId, _scenario.Heartbeat(old, 1, "b"));
        Assert.Equal((short)ErrorCode.FencedInstanceId, _scenario.Join(old, "b").Value.ErrorCode);
    }

    [Fact]
    public void Static_leader_that_restarts_is_told_to_skip_the_assignment()
    {
        JoinGroupResponse leader = _scenario.MakeStable(2, ["a", "b"])[0];
        string instance = leader.MemberId[..1];

        JoinGroupResponse restarted = _scenario.Join(instance: instance).Value;

        Assert.True(restarted.SkipAssignment);
        Assert.Equal(restarted.MemberId, restarted.Leader);
        Assert.Equal(2, restarted.Members.Count);
    }

    [Fact]
    public void Static_leader_that_restarts_is_shown_the_leader_of_before_when_it_cannot_be_told_to_skip()
    {
        JoinGroupResponse leader = _scenario.MakeStable(2, ["a", "b"])[0];
        string instance = leader.MemberId[..1];
        string other = instance == "a" ? "b" : "a";

        JoinGroupResponse restarted = _scenario.Join(instance: instance, canSkip: false).Value;
        JoinGroupResponse follower = _scenario.Join(instance: other, canSkip: false).Value;

        Assert.Equal((0, leader.MemberId, false), (restarted.ErrorCode, restarted.Leader, restarted.SkipAssignment));
        Assert.Empty(restarted.Members);
        Assert.Equal(restarted.MemberId, follower.Leader);
    }

    [Fact]
    public void Static_member_may_be_removed_by_its_instances_name()
    {
        _scenario.MakeStable(2, ["a", "b"]);

        Assert.Equal(ErrorCode.None, Group.Leave("", "a"));
        Assert.Equal(ErrorCode.UnknownMemberId, Group.Leave("", "nobody"));
        Assert.Single(Group.Members);
    }

    [Fact]
    public void Commit_is_for_members_of_this_generation_only()
    {
        JoinGroupResponse joined = _scenario.MakeStable(1)[0];

        Assert.Equal(ErrorCode.None, Group.CheckCommit(joined.MemberId, null, 1));
        Assert.Equal(ErrorCode.IllegalGeneration, Group.CheckCommit(joined.MemberId, null, 0));
        Assert.Equal(ErrorCode.UnknownMemberId, Group.CheckCommit("stranger", null, 1));
        Assert.Equal(ErrorCode.UnknownMemberId, Group.CheckCommit("", null, -1));
    }

    [Fact]
    public void Commit_between_join_and_sync_is_told_to_wait()
    {
        (JoinGroupResponse leader, JoinGroupResponse _) = JoinTwo();

        Assert.Equal(ErrorCode.RebalanceInProgress, Group.CheckCommit(leader.MemberId, null, 1));
    }

    [Fact]
    public void Commit_during_a_rebalance_is_still_taken()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);
        _scenario.Join();

        Assert.Equal(ErrorCode.None, Group.CheckCommit(joined[0].MemberId, null, 1));
    }

    // As Kafka: without a generation, whatever the member calls itself.
    [Theory]
    [InlineData("")]
    [InlineData("left-over-id")]
    public void Commit_without_a_generation_is_taken_by_an_empty_group(string memberId) =>
        Assert.Equal(ErrorCode.None, Group.CheckCommit(memberId, null, -1));

    private (JoinGroupResponse Leader, JoinGroupResponse Follower) JoinTwo()
    {
        Answer<JoinGroupResponse> first = _scenario.Join();
        Answer<JoinGroupResponse> second = _scenario.Join();
        _scenario.EndInitialDelay();
        return first.Value.Leader == first.Value.MemberId ? (first.Value, second.Value) : (second.Value, first.Value);
    }
}
