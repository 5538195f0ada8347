namespace Broker.Actors.Configuration;

/// <summary>How compacted topics are cleaned.</summary>
/// <param name="DedupeBufferBytes">
/// <c>log.cleaner.dedupe.buffer.size</c>: the most memory that the keys of one cleaning take, while it runs. Kafka's 128 MiB hold five million keys;
/// of more, one cleaning does the first, and the next ones the rest.
/// </param>
/// <param name="DedupeLoadFactor"><c>log.cleaner.io.buffer.load.factor</c>: how full that memory may be.</param>
public sealed record CleanerOptions(long DedupeBufferBytes, double DedupeLoadFactor)
{
    public static CleanerOptions From(BrokerSettings settings) => new(
        settings.Long("log.cleaner.dedupe.buffer.size"),
        settings.Double("log.cleaner.io.buffer.load.factor"));
}
