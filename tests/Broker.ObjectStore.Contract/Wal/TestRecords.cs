using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>Records that carry their number in every field, so that a recovered one proves itself.</summary>
internal static class TestRecords
{
    public static WalRecord Create(int number, int payloadBytes)
    {
        byte[] payload = new byte[Math.Max(sizeof(int), payloadBytes)];
        new Random(number).NextBytes(payload);
        BitConverter.TryWriteBytes(payload, number);
        return new WalRecord(new StreamId(number % 7), new LeaderEpoch(number % 3), new Offset(number), new Offset(number + 1), number * 10L, payload, Broker.Shared.Crc32C.Compute(payload));
    }

    /// <summary>The number of a recovered record, after checking all of it.</summary>
    public static int Verify(WalRecoveredRecord recovered)
    {
        int number = BitConverter.ToInt32(recovered.Record.Payload.Span);
        WalRecord expected = Create(number, recovered.Record.Payload.Length);
        Assert.Equal(number, recovered.Position.Value);
        Assert.Equal(expected with { Payload = default }, recovered.Record with { Payload = default });
        Assert.True(expected.Payload.Span.SequenceEqual(recovered.Record.Payload.Span), $"payload of record {number}");
        return number;
    }
}
