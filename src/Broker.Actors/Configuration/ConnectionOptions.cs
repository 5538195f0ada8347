namespace Broker.Actors.Configuration;

/// <summary>Bounds of what clients can make the node hold.</summary>
/// <param name="MaxFrameBytes"><c>socket.request.max.bytes</c>: a larger request closes its connection.</param>
/// <param name="MemoryBytes"><c>queued.max.request.bytes</c>: what all requests that are read and not yet answered may hold; a full budget stops reading from sockets.</param>
/// <param name="ResponseMemoryBytes"><c>connection.response.memory.bytes</c>: what the records of all fetches may hold until they are written; a full one makes fetches small.</param>
/// <param name="MaxIdle"><c>connections.max.idle.ms</c>: a connection without a request for so long is closed; negative for never.</param>
/// <param name="MaxConnections">Over all listeners; one more is closed at once.</param>
/// <param name="RequestsInFlight"><c>connection.requests.in.flight</c>: requests of one connection that may await their answer at a time. 1,000: where an
/// acknowledgement takes a bucket's 50 ms, 20,000 a second.</param>
/// <param name="RequestBytesInFlight"><c>connection.request.bytes.in.flight</c>: and so many bytes of them; a larger request goes alone. 8 MiB: 160 MB/s where
/// an acknowledgement takes 50 ms, and five requests of Java's 1 MiB fit. More only makes the node's memory hold what waits as well at the client.</param>
/// <param name="FetchMaxBytes"><c>fetch.max.bytes</c>: caps what one fetch may ask for.</param>
public sealed record ConnectionOptions(
    int MaxFrameBytes,
    long MemoryBytes,
    long ResponseMemoryBytes,
    TimeSpan MaxIdle,
    int MaxConnections,
    int MaxConnectionsPerIp,
    int RequestsInFlight,
    long RequestBytesInFlight,
    int ListenBacklog,
    int FetchMaxBytes)
{
    // Two of the largest default frames fit beside the usual megabyte-sized produce requests of some hundred connections.
    private const long DefaultMemoryBytes = 256L << 20;

    public static ConnectionOptions From(BrokerSettings settings)
    {
        long memoryBytes = settings.Long("queued.max.request.bytes");
        long maxIdleMs = settings.Long("connections.max.idle.ms");
        if (maxIdleMs >= 0 && maxIdleMs <= settings.Long("connection.failed.authentication.delay.ms"))
        {
            throw settings.BadValue("connections.max.idle.ms", "more than connection.failed.authentication.delay.ms, or -1 for no limit");
        }

        return new ConnectionOptions(
            settings.Int("socket.request.max.bytes"),
            memoryBytes > 0 ? memoryBytes : DefaultMemoryBytes,
            settings.Long("connection.response.memory.bytes"),
            settings.Duration("connections.max.idle.ms"),
            settings.Int("max.connections"),
            settings.Int("max.connections.per.ip"),
            settings.Int("connection.requests.in.flight"),
            settings.Long("connection.request.bytes.in.flight"),
            settings.Int("socket.listen.backlog.size"),
            settings.Int("fetch.max.bytes"));
    }
}
