using System.Buffers;
using System.Buffers.Binary;
using Broker.ObjectStore.Wal;
using Broker.Shared;
using static Broker.ObjectStore.Unit.Wal.BucketWalFixture;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>The bytes of docs/formats/bucket-wal.md.</summary>
public sealed class BucketSlotFormatTests
{
    private const string Place = "slot 7 of the test";

    [Fact]
    public void A_slot_has_the_documented_bytes()
    {
        byte[] payload = [1, 2, 3, 4];
        WalRecord record = new(
            new StreamId(5), new LeaderEpoch(3), new Offset(42), new Offset(43), 1_700_000_000_000, payload, Crc32C.Compute(payload));
        byte[] bytes = Encode(1001, [record]);

        Assert.Equal("4257414C01000000E90300000000000001000000", Convert.ToHexString(bytes.AsSpan(0, 20)));
        Assert.Equal(
            "05000000000000002A000000000000002B000000000000000068E5CF8B0100000300000004000000CF300E2900000000".Replace("CF300E29", Convert.ToHexString(BitConverter.GetBytes(record.PayloadCrc)), StringComparison.Ordinal),
            Convert.ToHexString(bytes.AsSpan(24, 48)));
        Assert.Equal(Crc32C.Append(Crc32C.Compute(bytes.AsSpan(0, 20)), bytes.AsSpan(24, 48)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(20)));
        Assert.Equal(payload, bytes[72..]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(5000)]
    public void Records_of_several_appends_come_back_as_they_were(int payloadBytes)
    {
        WalRecord[] records = [.. Enumerable.Range(1, 6).Select(i => Record(i, i == 4 ? 1 : payloadBytes))];
        (ReadOnlySequence<byte> body, uint crc) = BucketSlot.Encode(
            50, [new PendingAppend([.. records[..2]], BucketSlot.RecordBytes), new PendingAppend([.. records[2..]], BucketSlot.RecordBytes)]);

        IReadOnlyList<WalRecoveredRecord> decoded = BucketSlot.Decode(body.ToArray(), Place);

        Assert.Equal(Crc32C.Compute(body.ToArray()), crc);
        Assert.Equal(Enumerable.Range(50, 6), decoded.Select(one => (int)one.Position.Value));
        Assert.Equal(records.Select(one => one with { Payload = default }), decoded.Select(one => one.Record with { Payload = default }));
        Assert.All(records.Zip(decoded), pair => Assert.Equal(pair.First.Payload.ToArray(), pair.Second.Record.Payload.ToArray()));
    }

    [Fact]
    public void Every_changed_byte_of_header_or_table_and_every_missing_byte_is_an_error_that_names_the_place()
    {
        byte[] bytes = Encode(9, [Record(1), Record(2)]);
        int headBytes = BucketSlot.HeaderBytes + (2 * BucketSlot.RecordBytes);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] changed = (byte[])bytes.Clone();
            changed[i] ^= 0x40;
            Assert.Throws<StorageException>(() => BucketSlot.Decode(bytes.AsMemory(0, i), Place));
            if (i >= headBytes)
            {
                continue;
            }

            StorageException error = Assert.Throws<StorageException>(() => BucketSlot.Decode(changed, Place));
            Assert.Contains(error.Kind, new[] { StorageErrorKind.Corrupt, StorageErrorKind.Invalid });
            Assert.Contains(Place, error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<StorageException>(() => BucketSlot.Decode((byte[])[.. bytes, 0], Place));
    }

    [Fact]
    public void Every_changed_byte_of_a_payload_damages_that_record_alone_and_names_the_place()
    {
        WalRecord[] records = [Record(1), Record(2), Record(3)];
        byte[] bytes = Encode(9, records);
        int from = BucketSlot.HeaderBytes + (3 * BucketSlot.RecordBytes) + records[0].Payload.Length;
        for (int i = from; i < from + records[1].Payload.Length; i++)
        {
            byte[] changed = (byte[])bytes.Clone();
            changed[i] ^= 0x40;
            IReadOnlyList<WalRecoveredRecord> decoded = BucketSlot.Decode(changed, Place);
            Assert.Equal([false, true, false], decoded.Select(one => one.Damage is not null));
            Assert.Contains($"{Place}: the checksum of the record at position 10", decoded[1].Damage, StringComparison.Ordinal);
            Assert.Equal(records[1] with { Payload = default }, decoded[1].Record with { Payload = default });
        }
    }

    [Fact]
    public void A_newer_version_is_Invalid_and_says_so()
    {
        byte[] bytes = Encode(9, [Record(1)]);
        bytes[4] = 2;

        StorageException error = Assert.Throws<StorageException>(() => BucketSlot.Decode(bytes, Place));

        Assert.Equal(StorageErrorKind.Invalid, error.Kind);
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Encode(long first, IReadOnlyList<WalRecord> records) =>
        BucketSlot.Encode(first, [new PendingAppend(records, BucketSlot.RecordBytes)]).Body.ToArray();
}
