using Broker.ObjectStore.Metadata;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Unit.MetadataLogs;

public sealed class MetadataCodecTests(ITestOutputHelper output)
{
    private static readonly Guid TopicId = new("00112233-4455-6677-8899-aabbccddeeff");

    [Fact]
    public void The_bytes_of_a_commit_are_as_documented()
    {
        MetadataBatch batch = new(0x0102, [
            new TopicCreated(TopicId, "t", [new StreamId(5)], new Dictionary<string, string> { ["k"] = "v" }, IsInternal: true),
            new StreamTrimmed(new StreamId(5), new Offset(9)),
        ]);
        string hex =
            "42434D42" + "0100" + "0000" + "0201000000000000" + "02000000"
            + "0200" + "0100" + "30000000"
            + "00112233445566778899AABBCCDDEEFF" + "01000000" + "74" + "01000000" + "0500000000000000"
            + "01000000" + "01000000" + "6B" + "01000000" + "76" + "01"
            + "0800" + "0200" + "10000000" + "0500000000000000" + "0900000000000000";
        byte[] bytes = MetadataCodec.Encode(batch);
        Assert.Equal(hex, Convert.ToHexString(bytes));
        Assert.Equal(bytes, MetadataCodec.Encode(MetadataCodec.Decode(bytes, "test")));
    }

    [Fact]
    public void The_bytes_of_an_uploaded_object_are_as_documented()
    {
        StreamRange range = new(new StreamId(1), new LeaderEpoch(2), new Offset(3), new Offset(4), 5, 6, 7, 8, 9, 10);
        ObjectCommitted committed = new(new ObjectId(11), new ObjectKey("a/b"), ObjectKind.Stream, 12, 13, [range], "fork");
        string hex =
            "42434D42" + "0100" + "0000" + "0000000000000000" + "01000000"
            + "0700" + "0200" + "70000000"
            + "0B00000000000000" + "03000000" + "612F62" + "02" + "0C00000000000000" + "0D00000000000000" + "04000000" + "666F726B"
            + "01000000"
            + "0100000000000000" + "02000000" + "0300000000000000" + "0400000000000000" + "0500000000000000" + "0600000000000000"
            + "0700000000000000" + "08000000" + "0900000000000000" + "0A000000";
        byte[] bytes = MetadataCodec.Encode(new MetadataBatch(0, [committed]));
        Assert.Equal(hex, Convert.ToHexString(bytes));
        ObjectCommitted back = (ObjectCommitted)MetadataCodec.Decode(bytes, "test").Events.Single();
        Assert.Equal(range, Assert.Single(back.Ranges));
        Assert.Equal((committed.Key, committed.Store), (back.Key, back.Store));
    }

    [Fact]
    public void Every_commit_round_trips_and_applies_alike()
    {
        int seed = Environment.TickCount & 0xFFFFF;
        output.WriteLine($"seed {seed}");
        RandomMetadata random = new(seed);
        MetadataImage direct = MetadataImage.Empty;
        MetadataImage decoded = MetadataImage.Empty;
        HashSet<Type> kinds = [];
        for (int slot = 0; slot < 1_500; slot++)
        {
            MetadataBatch batch = new(slot, random.Commit(direct));
            byte[] bytes = MetadataCodec.Encode(batch);
            MetadataBatch back = MetadataCodec.Decode(bytes, "test");
            Assert.Equal(bytes, MetadataCodec.Encode(back));
            direct = direct.Apply(batch, slot);
            decoded = decoded.Apply(back, slot);
            kinds.UnionWith(batch.Events.Select(item => item.GetType()));
        }

        Assert.Equal(MetadataSnapshot.Encode(direct, default), MetadataSnapshot.Encode(decoded, default));
        Assert.Equal(20, kinds.Count);
    }

    [Fact]
    public void Truncated_and_damaged_bytes_end_in_a_storage_error_or_a_value()
    {
        int seed = Environment.TickCount & 0xFFFFF;
        output.WriteLine($"seed {seed}");
        (MetadataImage image, byte[] commit) = History(seed, 60);
        byte[] snapshot = MetadataSnapshot.Encode(image, new LogPosition(7, 8, TopicId));
        for (int length = 0; length < commit.Length; length++)
        {
            Assert.Throws<StorageException>(() => MetadataCodec.Decode(commit.AsMemory(0, length), "test"));
        }

        for (int length = 0; length < snapshot.Length; length += 7)
        {
            Assert.Throws<StorageException>(() => MetadataSnapshot.Decode(new ObjectKey("s"), snapshot.AsMemory(0, length)));
        }

        Random random = new(seed);
        int errors = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. commit];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                MetadataCodec.Decode(damaged, "test");
            }
            catch (StorageException)
            {
                errors++;
            }
        }

        // How many hit what is checked depends on the history: most bytes are names and numbers, of which any value is one.
        Assert.InRange(errors, 1, 20_000);
    }

    [Fact]
    public void A_damaged_snapshot_is_Corrupt_at_every_byte()
    {
        byte[] snapshot = MetadataSnapshot.Encode(History(3, 5).Image, default);
        for (int position = 0; position < snapshot.Length; position++)
        {
            byte[] damaged = [.. snapshot];
            damaged[position] ^= 4;
            StorageException error = Assert.Throws<StorageException>(() => MetadataSnapshot.Decode(new ObjectKey("s"), damaged));
            Assert.True(error.Kind == StorageErrorKind.Corrupt || position is 4 or 5, $"byte {position}: {error.Message}");
        }
    }

    [Theory]
    [InlineData(4, "the commit has version 2")]
    [InlineData(22, "the event StreamTrimmed has version 3")]
    [InlineData(20, "an event of type 200")]
    public void Anything_newer_is_Invalid_and_says_so(int position, string said)
    {
        byte[] bytes = MetadataCodec.Encode(new MetadataBatch(0, [new StreamTrimmed(new StreamId(5), new Offset(9))]));
        bytes[position] = position switch { 20 => 200, 22 => 3, _ => 2 };
        StorageException error = Assert.Throws<StorageException>(() => MetadataCodec.Decode(bytes, "entry 3"));
        Assert.Equal(StorageErrorKind.Invalid, error.Kind);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.Contains("entry 3", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_round_trips()
    {
        (MetadataImage image, _) = History(11, 400);
        LogPosition position = new(401, 9, TopicId);
        byte[] bytes = MetadataSnapshot.Encode(image, position);
        (MetadataImage back, LogPosition backPosition) = MetadataSnapshot.Decode(new ObjectKey("s"), bytes);
        Assert.Equal(position, backPosition);
        Assert.Equal(bytes, MetadataSnapshot.Encode(back, position));
        Assert.Equal("42434D53" + "0400" + "0000" + "9101000000000000" + "0900000000000000", Convert.ToHexString(bytes[..24]));
    }

    [Fact]
    public void A_snapshot_of_version_1_is_read_as_never_compacted()
    {
        // As a build before compaction wrote it: one topic of one partition, one object.
        byte[] bytes = Convert.FromHexString(
            "42434D53010000000500000000000000020000000000000000112233445566778899AABBCCDDEEFF0400000000000000010000006303000000000000"
            + "00090000000000000000000000000000000000000000000000000000000100000000112233445566778899AABBCCDDEEFF0100000074000000000001"
            + "0000000200000000000000010000000300000000000000000000000A0000000000000001000000030000000000000000000000010000000800000000"
            + "00000002000000000000000300000000000000000000000A000000000000000700000000000000640000000000000020030000000000003200000000"
            + "000000000000000000000001000000080000000000000006000000646174612F3801E8030000000000002A0000000000000001000000000000000000"
            + "0000FB30AD39");
        (MetadataImage image, _) = MetadataSnapshot.Decode(new ObjectKey("s"), bytes);
        Assert.Equal(default, image.ClosedObjectIds);
        StreamState stream = image.Streams.Values.Single();
        Assert.Equal((new Offset(10), Offset.Zero), (stream.EndOffset, stream.CleanedEnd));
        Assert.Equal(new ObjectId(8), stream.Ranges.Single().ObjectId);
    }

    [Fact]
    public void A_snapshot_of_version_3_is_read_as_of_a_node_alone()
    {
        // As a build before clusters wrote it: a node, its log, one topic of one partition, one object.
        byte[] bytes = Convert.FromHexString(
            "42434D53030000000500000000000000020000000000000000112233445566778899AABBCCDDEEFF0400000000000000010000006303000000000000"
            + "000900000000000000000000000000000005000000000000000100000003000000070000000000000001000000000102030405060708090A0B0C0D0E"
            + "0F030000000100000068020000002F770900000000000000000000000100000000112233445566778899AABBCCDDEEFF010000007400000000000100"
            + "00000200000000000000010000000300000000000000000000000A000000000000000400000000000000010000000300000000000000000000000100"
            + "0000080000000000000002000000000000000300000000000000000000000A0000000000000007000000000000006400000000000000200300000000"
            + "00003200000000000000000000000000000001000000080000000000000006000000646174612F3801E8030000000000002A00000000000000010000"
            + "000000000000000000F0450F93");
        (MetadataImage image, _) = MetadataSnapshot.Decode(new ObjectKey("s"), bytes);
        Assert.Empty(image.LiveNodes);
        AttachedWal wal = image.Wals.Values.Single();
        Assert.Equal((new NodeId(3), 7, false), (wal.Node, image.NodeEpochs[wal.Node], wal.IsFenced));
        StreamState stream = image.Streams.Values.Single();
        Assert.Equal((new Offset(4), WalId.None), (stream.CleanedEnd, stream.Wal));
        Assert.Equal([wal.WalId], WalDebts.Before(image, stream, WalId.None));
    }

    [Fact]
    public void A_log_of_a_build_that_let_go_of_states_with_their_records_is_replayed_as_it_was_meant()
    {
        StreamId uploadedBefore = new(5);
        StreamId uploadedAfter = new(6);
        MetadataEvent[] history =
        [
            new TopicCreated(TopicId, "t", [uploadedBefore, uploadedAfter], new Dictionary<string, string>(), IsInternal: false),
            new StreamOpened(uploadedBefore, new NodeId(1), new LeaderEpoch(0), Offset.Zero),
            new StreamOpened(uploadedAfter, new NodeId(1), new LeaderEpoch(0), Offset.Zero),
            UploadWithState(1, uploadedBefore, 0, 10),
            new StreamTrimmed(uploadedBefore, new Offset(10)),
            new StreamTrimmed(uploadedAfter, new Offset(10)),
            UploadWithState(2, uploadedAfter, 0, 10),
            new ObjectsDeleted([new ObjectId(1), new ObjectId(2)]),
        ];
        MetadataImage image = MetadataImage.Empty;
        for (int slot = 0; slot < history.Length; slot++)
        {
            byte[] bytes = AsVersion1(history[slot]);
            MetadataBatch batch = MetadataCodec.Decode(bytes, "test");
            Assert.Equal(bytes, MetadataCodec.Encode(batch));
            image = image.Apply(batch, slot);
        }

        Assert.Empty(image.Objects);
        Assert.Empty(image.DeletableObjects);
        Assert.All(image.Streams.Values, stream => Assert.Empty(stream.Ranges));
        Assert.All(image.Streams.Values, stream => Assert.Equal((new Offset(10), new Offset(10)), (stream.StartOffset, stream.EndOffset)));
    }

    // The layouts are the same; the version is that of the first event.
    private static byte[] AsVersion1(MetadataEvent item)
    {
        byte[] bytes = MetadataCodec.Encode(new MetadataBatch(0, [item]));
        bytes[22] = 1;
        return bytes;
    }

    private static ObjectCommitted UploadWithState(long id, StreamId stream, long from, long to) => new(
        new ObjectId(id),
        new ObjectKey($"data/{id}"),
        ObjectKind.StreamSet,
        100,
        0,
        [new StreamRange(stream, new LeaderEpoch(0), new Offset(from), new Offset(to), 0, 1, 0, 1, StatePosition: 50, StateBytes: 20)]);

    private static (MetadataImage Image, byte[] LastCommit) History(int seed, int commits)
    {
        RandomMetadata random = new(seed);
        MetadataImage image = MetadataImage.Empty;
        byte[] bytes = [];
        for (int slot = 0; slot < commits; slot++)
        {
            MetadataBatch batch = new(slot, random.Commit(image));
            byte[] encoded = MetadataCodec.Encode(batch);
            bytes = encoded.Length > bytes.Length ? encoded : bytes;
            image = image.Apply(batch, slot);
        }

        return (image, bytes);
    }
}
