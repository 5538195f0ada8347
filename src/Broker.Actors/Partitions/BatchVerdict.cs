using Broker.Wire;

namespace Broker.Actors.Partitions;

/// <summary>Whether a partition takes a batch.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/> lets it in; else Kafka's answer.</param>
/// <param name="Message">Why not, for the client.</param>
/// <param name="Records">The records that are to blame, where single ones are; null else.</param>
internal readonly record struct BatchVerdict(ErrorCode Error, string? Message, IReadOnlyList<RecordError>? Records = null)
{
    public static BatchVerdict Taken => new(ErrorCode.None, null);
}
