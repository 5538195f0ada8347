namespace Broker.Wire.Records;

/// <summary>Sequence numbers of idempotent producers: 0 to <see cref="int.MaxValue"/>, then 0 again.</summary>
public static class ProducerSequence
{
    /// <summary>The number <paramref name="count"/> after <paramref name="sequence"/>; both at least 0.</summary>
    public static int Add(int sequence, int count) => (int)(((long)sequence + count) & int.MaxValue);

    /// <summary>The number that follows <paramref name="sequence"/>.</summary>
    public static int Next(int sequence) => Add(sequence, 1);
}
