using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>The bytes of docs/formats/disk-wal.md, made from the document by other means.</summary>
public sealed class DiskWalFormatTests
{
    private const ulong Salt = 0x1122334455667788;

    [Fact]
    public void Segment_header_has_the_documented_bytes()
    {
        SegmentHeader header = new(0x12, Salt, 1000, 900, new NodeId(7), 65536);
        byte[] page = header.Encode();
        Assert.Equal(4096, page.Length);
        Assert.Equal(
            "42524B57414C5347010000000700000012000000000000008877665544332211E803000000000000"
            + "8403000000000000000001000000000000000000BDD4FFE8",
            Convert.ToHexString(page.AsSpan(0, 64)));
        Assert.Equal(header, SegmentHeader.Decode(page, "file"));
    }

    [Fact]
    public void Record_header_has_the_documented_bytes()
    {
        RecordHeader header = new(
            Salt, 1001, 1000, new StreamId(5), new LeaderEpoch(3), new Offset(42), new Offset(43), 1_700_000_000_000, 4, 0xDEADBEEF);
        byte[] bytes = new byte[RecordHeader.SizeBytes];
        header.Encode(bytes);
        Assert.Equal(
            "57524543267982E88877665544332211E903000000000000E8030000000000000500000000000000"
            + "2A000000000000002B000000000000000068E5CF8B0100000300000004000000EFBEADDE00000000",
            Convert.ToHexString(bytes));
        Assert.True(RecordHeader.TryDecode(bytes, Salt, out RecordHeader decoded));
        Assert.Equal(header, decoded);
        Assert.False(RecordHeader.TryDecode(bytes, Salt + 1, out _));
    }

    [Fact]
    public void Identity_has_the_documented_bytes_and_is_corrupt_at_every_damaged_one()
    {
        WalIdentity identity = new(new NodeId(7), new WalId(new Guid("00112233-4455-4677-8899-aabbccddeeff")));
        byte[] bytes = identity.Encode();
        Assert.Equal("42524B57414C4944" + "0100" + "0000" + "07000000" + "00112233445546778899AABBCCDDEEFF", Convert.ToHexString(bytes.AsSpan(0, 32)));
        Assert.Equal(identity, WalIdentity.Decode(bytes, "file"));
        for (int at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 4;
            StorageException error = Assert.Throws<StorageException>(() => WalIdentity.Decode(bytes, "folder/identity"));
            Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
            Assert.Contains("folder/identity", error.Message, StringComparison.Ordinal);
            bytes[at] ^= 4;
        }
    }

    [Fact]
    public void Cluster_note_has_the_documented_bytes_and_is_corrupt_at_every_damaged_one_and_every_length()
    {
        WalClusterNote note = new("Zk3Q-x");
        byte[] bytes = note.Encode();
        Assert.Equal("42524B57414C434C" + "0100" + "0600" + "5A6B33512D78", Convert.ToHexString(bytes.AsSpan(0, 18)));
        Assert.Equal(22, bytes.Length);
        Assert.Equal(note, WalClusterNote.Decode(bytes, "file"));
        for (int at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 4;
            MustBeCorrupt(bytes);
            bytes[at] ^= 4;
            MustBeCorrupt(bytes[..at]);
        }

        MustBeCorrupt([.. bytes, 0]);

        static void MustBeCorrupt(byte[] bytes)
        {
            StorageException error = Assert.Throws<StorageException>(() => WalClusterNote.Decode(bytes, "folder/cluster"));
            Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
            Assert.Contains("folder/cluster", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Damaged_segment_header_is_corrupt_at_every_covered_byte()
    {
        byte[] page = new SegmentHeader(1, Salt, 1, 0, new NodeId(7), 65536).Encode();
        for (int at = 0; at < 64; at++)
        {
            page[at] ^= 4;
            StorageException error = Assert.Throws<StorageException>(() => SegmentHeader.Decode(page, "folder/file"));
            Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
            Assert.Contains("folder/file", error.Message, StringComparison.Ordinal);
            page[at] ^= 4;
        }
    }
}
