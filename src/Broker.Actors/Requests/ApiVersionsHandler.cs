using Broker.Actors.Connections;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>ApiVersions 0-4: the APIs in the handler table with their versions. An unknown version is answered in version 0 with UNSUPPORTED_VERSION (KIP-511).</summary>
internal sealed class ApiVersionsHandler : IRequestHandler
{
    // Until the table is complete, which it is before the first request.
    private HandlerTable? _table;

    public ApiKey ApiKey => ApiKey.ApiVersions;

    public VersionRange Versions => new(0, 4);

    /// <summary>Tells the handler what to advertise: the table that it is itself a part of.</summary>
    public void Advertise(HandlerTable table) => _table = table;

    public void Handle(RequestExchange exchange) => exchange.Respond(new ApiVersionsResponse
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
