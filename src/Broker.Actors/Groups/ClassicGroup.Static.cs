using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>Static members (KIP-345): whoever comes back under an instance's name takes that member's place.</summary>
internal sealed partial class ClassicGroup
{
    private void ReplaceStatic(GroupMember member, string memberId, JoinGroup join, MemberProtocol[] protocols, Action<JoinGroupResponse> reply)
    {
        string? leaderBefore = Leader;
        bool wasLeader = Leader == member.MemberId;
        bool isUnchanged = member.OffersSame(protocols);
        member.AnswerJoin(GroupAnswers.JoinFailed(member.MemberId, ErrorCode.FencedInstanceId));
        member.AnswerSync(GroupAnswers.SyncFailed(ErrorCode.FencedInstanceId));
        _members.Remove(member.MemberId);
        (member.MemberId, member.ClientId, member.ClientHost) = (memberId, join.Client.ClientId, HostOf(join));
        Add(member);
        Leader = wasLeader ? memberId : Leader;
        Update(member, join.Request, protocols);
        if (State == GroupState.Stable && isUnchanged)
        {
            // KIP-345: the restarted member keeps its assignment, and the others notice nothing.
            AnswerReplaced(member, leaderBefore, join.CanSkipAssignment, reply);
            return;
        }

        member.AwaitJoin(reply);
        PrepareRebalance();
    }

    private void AnswerReplaced(GroupMember member, string? leaderBefore, bool canSkipAssignment, Action<JoinGroupResponse> reply)
    {
        Dictionary<string, byte[]> assignments = _members.Values.ToDictionary(m => m.MemberId, m => m.Assignment);
        JoinGroupResponse answer = JoinAnswer(member);
        if (canSkipAssignment)
        {
            answer.SkipAssignment = member.MemberId == Leader;
        }
        else
        {
            // An older leader that comes back must not assign anew: it is shown the leader of before, which is not it any more.
            (answer.Leader, answer.Members) = (leaderBefore ?? "", []);
        }

        host.Store(this, assignments, error => reply(error == ErrorCode.None ? answer : GroupAnswers.JoinFailed(member.MemberId, error)));
    }
}
