using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>LeaveGroup 0-5: one member, or (from version 3) several.</summary>
internal sealed class LeaveGroupHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstBatched = 3;

    public ApiKey ApiKey => ApiKey.LeaveGroup;

    public VersionRange Versions => new(0, LeaveGroupRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(LeaveAsync(exchange));

    private async Task<IKafkaResponse> LeaveAsync(RequestExchange exchange)
    {
        LeaveGroupRequest request = (LeaveGroupRequest)exchange.Request;
        bool batched = exchange.ApiVersion >= FirstBatched;
        IReadOnlyList<LeaveGroupRequest.MemberIdentity> members = batched
            ? request.Members
            : [new LeaveGroupRequest.MemberIdentity { MemberId = request.MemberId }];
        MembersLeft left = await services.AskGroupAsync<MembersLeft>(exchange.Client, new LeaveGroup(request.GroupId, members));
        if (!batched || left.Error != ErrorCode.None)
        {
            ErrorCode error = left.Error != ErrorCode.None ? left.Error : left.Members[0];
            return new LeaveGroupResponse { ErrorCode = (short)error };
        }

        return new LeaveGroupResponse
        {
            Members =
            [
                .. members.Zip(left.Members, (member, error) => new LeaveGroupResponse.MemberResponse
                {
                    MemberId = member.MemberId,
                    GroupInstanceId = member.GroupInstanceId,
                    ErrorCode = (short)error,
                }),
            ],
        };
    }
}
