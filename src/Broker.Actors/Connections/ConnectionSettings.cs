using System.Net;
using System.Threading.Channels;
using Broker.Actors.Metrics;

namespace Broker.Actors.Connections;

/// <summary>What a connection's actor knows of its socket.</summary>
/// <param name="Memory">Where the requests' bytes are reserved; an answer gives them back once it is written.</param>
/// <param name="Abort">Ends the socket at once, whatever waits to be written: for a client that does not read.</param>
/// <param name="BadRequests">When to tell of a request that cannot be read: of all connections.</param>
/// <param name="Requests">Where the requests are counted and timed.</param>
/// <param name="Responses">Where answers go, in request order; completing it closes the socket once they are written.</param>
internal sealed record ConnectionSettings(
    IPAddress RemoteAddress,
    string ListenerName,
    TimeSpan MaxIdle,
    MemoryBudget Memory,
    ChannelWriter<OutgoingResponse> Responses,
    Action Abort,
    RequestMetrics Requests,
    LinePace BadRequests);
