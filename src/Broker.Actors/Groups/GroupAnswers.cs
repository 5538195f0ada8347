using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>Responses that carry an error and nothing else.</summary>
internal static class GroupAnswers
{
    public static JoinGroupResponse JoinFailed(string memberId, ErrorCode error) => new()
    {
        ErrorCode = (short)error,
        MemberId = memberId,
        ProtocolName = "",
        Leader = "",
    };

    public static SyncGroupResponse SyncFailed(ErrorCode error) => new() { ErrorCode = (short)error, Assignment = [] };
}
