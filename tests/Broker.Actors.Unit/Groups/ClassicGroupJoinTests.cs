using Broker.Actors.Groups;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.Groups;

/// <summary>Joining a classic group, and the rebalance up to the next generation.</summary>
public sealed class ClassicGroupJoinTests
{
    private readonly GroupScenario _scenario = new();

    private ClassicGroup Group => _scenario.Group;

    [Fact]
    public void First_member_waits_for_the_initial_delay_and_leads()
    {
        Answer<JoinGroupResponse> join = _scenario.Join();

        _scenario.Pass(2999);
        Assert.False(join.IsThere);
        _scenario.Pass(1);
        Assert.Equal((1, join.Value.MemberId), (join.Value.GenerationId, join.Value.Leader));
        Assert.Equal("range", join.Value.ProtocolName);
        Assert.Single(join.Value.Members);
    }

    [Fact]
    public void Initial_delay_begins_anew_with_each_member_but_ends_with_the_rebalance_timeout()
    {
        _scenario.Join(rebalanceMs: 7000, sessionMs: 100_000);
        for (int i = 0; i < 2; i++)
        {
            _scenario.Pass(2500);
            _scenario.Join(rebalanceMs: 7000, sessionMs: 100_000);
        }

        _scenario.Pass(1999);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
        _scenario.Pass(1);
        Assert.Equal(GroupState.CompletingRebalance, Group.State);
        Assert.Equal(3, Group.Members.Count);
    }

    [Fact]
    public void Without_an_initial_delay_a_join_is_answered_at_once()
    {
        GroupScenario scenario = new(("group.initial.rebalance.delay.ms", "0"));

        Assert.Equal(1, scenario.Join().Value.GenerationId);
    }

    [Fact]
    public void New_member_is_given_an_id_first_and_joins_with_it()
    {
        JoinGroupResponse given = _scenario.Join(requireId: true).Value;

        Assert.Equal((short)ErrorCode.MemberIdRequired, given.ErrorCode);
        Assert.StartsWith("client-", given.MemberId, StringComparison.Ordinal);
        Assert.Empty(Group.Members);

        Answer<JoinGroupResponse> join = _scenario.Join(given.MemberId, requireId: true);
        _scenario.EndInitialDelay();
        Assert.Equal(given.MemberId, join.Value.MemberId);
    }

    [Fact]
    public void Id_that_was_given_and_not_used_is_forgotten_after_the_session_timeout()
    {
        string memberId = _scenario.Join(requireId: true).Value.MemberId;

        _scenario.Pass(GroupScenario.SessionMs);

        Assert.False(Group.HasMembers);
        Assert.Equal((short)ErrorCode.UnknownMemberId, _scenario.Join(memberId).Value.ErrorCode);
    }

    [Theory]
    [InlineData(5999)]
    [InlineData(1_800_001)]
    public void Session_timeout_out_of_bounds_is_refused(int sessionMs) =>
        Assert.Equal((short)ErrorCode.InvalidSessionTimeout, _scenario.Join(sessionMs: sessionMs).Value.ErrorCode);

    [Fact]
    public void Member_nobody_knows_is_refused() =>
        Assert.Equal((short)ErrorCode.UnknownMemberId, _scenario.Join("stranger").Value.ErrorCode);

    [Fact]
    public void Member_without_a_common_protocol_is_refused()
    {
        _scenario.Join(protocols: ["range", "roundrobin"]);

        Assert.Equal((short)ErrorCode.InconsistentGroupProtocol, _scenario.Join(protocols: ["sticky"]).Value.ErrorCode);
        Assert.Equal((short)ErrorCode.InconsistentGroupProtocol, _scenario.Join(protocolType: "connect").Value.ErrorCode);
        Assert.Equal((short)ErrorCode.InconsistentGroupProtocol, _scenario.Join(protocolType: "").Value.ErrorCode);
        Assert.False(_scenario.Join(protocols: ["roundrobin"]).IsThere);
    }

    [Fact]
    public void Protocol_with_most_votes_among_the_common_ones_wins()
    {
        Answer<JoinGroupResponse>[] joins =
        [
            _scenario.Join(protocols: ["a", "b", "c"]),
            _scenario.Join(protocols: ["c", "b"]),
            _scenario.Join(protocols: ["b", "c"]),
            _scenario.Join(protocols: ["c", "b", "a"]),
        ];
        _scenario.EndInitialDelay();

        // "a" is not common: the first votes for b, so two votes each; the first voted for wins.
        Assert.All(joins, join => Assert.Equal("b", join.Value.ProtocolName));
    }

    [Fact]
    public void Group_takes_no_more_members_than_its_maximum()
    {
        GroupScenario scenario = new(("group.max.size", "2"));
        scenario.Join();
        scenario.Join();

        Assert.Equal((short)ErrorCode.GroupMaxSizeReached, scenario.Join().Value.ErrorCode);
    }

    [Fact]
    public void Only_the_leader_learns_who_the_members_are()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(3);

        Assert.Equal(3, joined[0].Members.Count);
        Assert.All(joined[1..], member => Assert.Empty(member.Members));
        Assert.All(joined, member => Assert.Equal(joined[0].MemberId, member.Leader));
    }

    [Fact]
    public void New_member_of_a_stable_group_makes_the_others_rejoin_into_the_next_generation()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);

        Answer<JoinGroupResponse> third = _scenario.Join();
        Assert.All(joined, member => Assert.Equal(ErrorCode.RebalanceInProgress, _scenario.Heartbeat(member.MemberId, 1)));
        Answer<JoinGroupResponse>[] again = [.. joined.Select(member => _scenario.Join(member.MemberId))];

        Assert.All([third, .. again], join => Assert.Equal(2, join.Value.GenerationId));
    }

    [Fact]
    public void Member_that_does_not_rejoin_in_time_is_left_behind()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);
        Answer<JoinGroupResponse> third = _scenario.Join();
        Answer<JoinGroupResponse> rejoined = _scenario.Join(joined[1].MemberId);

        for (int i = 0; i < GroupScenario.RebalanceMs / 5000; i++)
        {
            Assert.False(third.IsThere);
            _scenario.Heartbeat(joined[0].MemberId, 1);
            _scenario.Pass(5000);
        }

        Assert.Equal((2, 2), (third.Value.GenerationId, Group.Members.Count));
        Assert.Equal(rejoined.Value.MemberId, third.Value.Leader);
        Assert.Equal(ErrorCode.UnknownMemberId, _scenario.Heartbeat(joined[0].MemberId, 1));
    }

    [Fact]
    public void Follower_that_rejoins_unchanged_gets_its_generation_again()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);

        Assert.Equal(1, _scenario.Join(joined[1].MemberId).Value.GenerationId);
        Assert.Equal(GroupState.Stable, Group.State);
    }

    [Fact]
    public void Leader_that_rejoins_makes_a_rebalance()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);

        Assert.False(_scenario.Join(joined[0].MemberId).IsThere);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void Follower_with_a_new_subscription_makes_a_rebalance()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);

        Assert.False(_scenario.Join(joined[1].MemberId, metadata: [2]).IsThere);
        Assert.Equal(GroupState.PreparingRebalance, Group.State);
    }

    [Fact]
    public void G2_join_that_is_sent_again_ends_the_first_one()
    {
        string memberId = _scenario.Join(requireId: true).Value.MemberId;
        Answer<JoinGroupResponse> first = _scenario.Join(memberId);
        Answer<JoinGroupResponse> second = _scenario.Join(memberId);

        Assert.NotEqual(0, first.Value.ErrorCode);
        _scenario.EndInitialDelay();
        Assert.Equal(0, second.Value.ErrorCode);
    }

    [Fact]
    public void G2_closing_the_group_answers_everybody()
    {
        JoinGroupResponse[] joined = _scenario.MakeStable(2);
        Answer<JoinGroupResponse> join = _scenario.Join(joined[0].MemberId);

        Group.Close(ErrorCode.NotCoordinator);

        Assert.Equal((short)ErrorCode.NotCoordinator, join.Value.ErrorCode);
        Assert.Equal((short)ErrorCode.CoordinatorNotAvailable, _scenario.Join().Value.ErrorCode);
    }

    [Fact]
    public void G3_generation_goes_on_after_everybody_left()
    {
        JoinGroupResponse joined = _scenario.MakeStable(1)[0];
        Assert.Equal(ErrorCode.None, Group.Leave(joined.MemberId, null));
        Assert.Equal((GroupState.Empty, 2), (Group.State, Group.Generation));

        Answer<JoinGroupResponse> next = _scenario.Join();
        _scenario.EndInitialDelay();

        Assert.Equal(3, next.Value.GenerationId);
    }

    [Fact]
    public void G3_generation_goes_on_after_a_restart()
    {
        JoinGroupResponse joined = _scenario.MakeStable(1)[0];
        KeyValue record = GroupRecords.Group(Group, new Dictionary<string, byte[]> { [joined.MemberId] = [9] });
        GroupRecord.Group stored = Assert.IsType<GroupRecord.Group>(GroupRecords.Decode(record.Key, record.Value));

        _scenario.Group = new ClassicGroup("g", _scenario.Options, _scenario.Host);
        Group.Restore(stored.Value!);

        Assert.Equal((GroupState.Stable, 1), (Group.State, Group.Generation));
        Assert.Equal(ErrorCode.None, _scenario.Heartbeat(joined.MemberId, 1));
        Assert.Equal([9], _scenario.Sync(joined).Value.Assignment);
    }

    [Fact]
    public void Restored_member_that_stays_silent_is_given_up()
    {
        JoinGroupResponse joined = _scenario.MakeStable(1)[0];
        KeyValue record = GroupRecords.Group(Group, new Dictionary<string, byte[]>());
        GroupRecord.Group stored = Assert.IsType<GroupRecord.Group>(GroupRecords.Decode(record.Key, record.Value));
        _scenario.Group = new ClassicGroup("g", _scenario.Options, _scenario.Host);
        Group.Restore(stored.Value!);

        _scenario.Pass(GroupScenario.SessionMs - 1);
        Assert.Contains(joined.MemberId, Group.Members);
        _scenario.Pass(1);

        Assert.Equal((GroupState.Empty, 2), (Group.State, Group.Generation));
    }
}
