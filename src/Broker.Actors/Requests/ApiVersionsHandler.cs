using System.Text.RegularExpressions;
using Broker.Actors.Connections;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// ApiVersions 0-4: the APIs in the handler table with their versions. An unknown version is answered in version 0 with
/// UNSUPPORTED_VERSION, and a client that names its software as none can be named with INVALID_REQUEST (both KIP-511).
/// </summary>
internal sealed partial class ApiVersionsHandler : IRequestHandler
{
    private const short FirstWithSoftware = 3;

    // Until the table is complete, which it is before the first request.
    private HandlerTable? _table;

    public ApiKey ApiKey => ApiKey.ApiVersions;

    public VersionRange Versions => new(0, 4);

    /// <summary>Tells the handler what to advertise: the table that it is itself a part of.</summary>
    public void Advertise(HandlerTable table) => _table = table;

    public void Handle(RequestExchange exchange)
    {
        ApiVersionsRequest request = (ApiVersionsRequest)exchange.Request;
        if (exchange.ApiVersion >= FirstWithSoftware && !(SoftwareText().IsMatch(request.ClientSoftwareName) && SoftwareText().IsMatch(request.ClientSoftwareVersion)))
        {
            exchange.Respond(new ApiVersionsResponse { ErrorCode = (short)ErrorCode.InvalidRequest });
            return;
        }

        exchange.Respond(new ApiVersionsResponse
        {
            ErrorCode = (short)(exchange.IsVersionKnown ? ErrorCode.None : ErrorCode.UnsupportedVersion),
            ApiKeys =
            [
                .. _table!.Handlers.Select(handler => new ApiVersionsResponse.ApiVersion
                {
                    ApiKey = (short)handler.ApiKey,
                    MinVersion = handler.Versions.Lowest,
                    MaxVersion = handler.Versions.Highest,
                }),
            ],
        });
    }

    // KIP-511's pattern. It does not backtrack: clients choose what it is matched against.
    [GeneratedRegex(@"\A[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?\z", RegexOptions.NonBacktracking)]
    private static partial Regex SoftwareText();
}
