using System.Buffers;
using Broker.ObjectStore.Inspection;
using Broker.ObjectStore.Local;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Unit.Compaction;
using Broker.TestSupport.Brokers;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class StoreVerifyTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly CompactedLog _log = new(3);

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task Whole_store_has_no_fault_and_everything_was_looked_at()
    {
        await FillAsync();

        (StoreVerify verify, List<StoreFault> faults) = await VerifyAsync();

        Assert.Empty(faults);
        Assert.Equal((4, 12, _log.Image.Objects.Values.Sum(item => item.SizeBytes)), (verify.Totals.Objects, verify.Totals.Ranges, verify.Totals.ObjectBytes));
        Assert.Equal(4 * 6_600, verify.Totals.BlockBytes);
        Assert.Equal((0, 0), (verify.Totals.Unknown, verify.Totals.Deletable));
    }

    [Fact]
    public async Task Every_damaged_byte_but_the_headers_is_found()
    {
        await _log.UploadAsync((1, [300]), (2, [50]));
        ObjectState item = _log.Image.Objects.Values.Single();
        List<long> missed = [];
        for (int position = 0; position < item.SizeBytes; position++)
        {
            Damage(item.Key, position);
            missed.AddRange((await VerifyAsync()).Faults.Count == 0 ? [position] : []);
            Damage(item.Key, position);
        }

        // The header is for people; nobody decides by it.
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (long)i), missed);
    }

    [Fact]
    public async Task Missing_and_damaged_objects_are_named_with_the_records_that_they_held()
    {
        await FillAsync();
        ObjectState missing = _log.Image.Objects[new ObjectId(1)];
        ObjectState damaged = _log.Image.Objects[new ObjectId(3)];
        await _log.Store.DeleteAsync(missing.Key, None);
        Damage(damaged.Key, 2_000);

        (StoreVerify verify, List<StoreFault> faults) = await VerifyAsync();

        Assert.Equal([missing.Key, damaged.Key], faults.Select(fault => fault.Object));
        Assert.Contains("has checksum", faults[1].Problem, StringComparison.Ordinal);
        Assert.Equal(3, faults[0].Lost.Count);
        Assert.StartsWith("t-0: offsets ", faults[0].Lost[0], StringComparison.Ordinal);

        // Of a damaged block, its own alone.
        Assert.StartsWith("t-", Assert.Single(faults[1].Lost), StringComparison.Ordinal);
        Assert.Contains(faults[1].Lost[0].Split(": ")[1], faults[1].Problem, StringComparison.Ordinal);
        Assert.Equal(4, verify.Totals.Objects);
    }

    [Fact]
    public async Task Quick_verification_reads_no_blocks_and_finds_what_is_missing()
    {
        await FillAsync();
        Damage(_log.Image.Objects[new ObjectId(3)].Key, 2_000);
        Assert.Empty((await VerifyAsync(readsBlocks: false)).Faults);
        await _log.Store.DeleteAsync(_log.Image.Objects[new ObjectId(1)].Key, None);

        (StoreVerify verify, List<StoreFault> faults) = await VerifyAsync(readsBlocks: false);

        Assert.Single(faults);
        Assert.Equal(0, verify.Totals.Blocks);
    }

    [Fact]
    public async Task Unknown_and_deletable_objects_are_counted_and_no_faults()
    {
        await FillAsync();
        _log.NowMs += 5_000;
        await _log.CompactAsync();
        await _log.Store.PutAsync(DataKeys.For(new ObjectId(500)), new ReadOnlySequence<byte>([1, 2, 3]), PutCondition.IfAbsent, None);

        (StoreVerify verify, List<StoreFault> faults) = await VerifyAsync();

        Assert.Empty(faults);
        Assert.Equal((1, 3, 4), (verify.Totals.Unknown, verify.Totals.UnknownBytes, verify.Totals.Deletable));
    }

    [Fact]
    public async Task Folder_with_a_truncated_file_has_all_its_faults_named()
    {
        await FillAsync();
        await _log.StoreMetadataAsync();
        using TempFolder folder = new("verify");
        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(folder.Path));
        foreach (string key in _log.Store.Keys)
        {
            await store.PutAsync(new ObjectKey(key), new ReadOnlySequence<byte>(_log.Store.Read(key)), PutCondition.None, None);
        }

        string[] files = [.. _log.Image.Objects.Values.OrderBy(item => item.ObjectId).Select(item => Path.Combine(folder.Path, "objects", $"{item.Key.Value.Replace("/", ".d/", StringComparison.Ordinal)}.o"))];
        using (FileStream truncated = File.OpenWrite(files[0]))
        {
            truncated.SetLength(truncated.Length / 2);
        }

        File.Delete(files[2]);
        StoreVerify verify = new(store, new MetadataLogOptions(), readsBlocks: true);
        List<StoreFault> faults = [];
        await foreach (StoreFault fault in verify.RunAsync(None))
        {
            faults.Add(fault);
        }

        Assert.Equal([new ObjectId(0), new ObjectId(2)], faults.Select(fault => _log.Image.Objects.Values.Single(item => item.Key == fault.Object).ObjectId));
        Assert.All(faults, fault => Assert.Equal(3, fault.Lost.Count));
    }

    private async Task FillAsync()
    {
        for (int i = 0; i < 4; i++)
        {
            await _log.UploadAsync((1, [1500, 1500]), (2, [3000]), (3, [300, 300]));
        }
    }

    private void Damage(ObjectKey key, int position) => _log.Store.Damage(key.Value, bytes =>
    {
        bytes[position] ^= 4;
        return bytes;
    });

    private async Task<(StoreVerify Verify, List<StoreFault> Faults)> VerifyAsync(bool readsBlocks = true)
    {
        await _log.StoreMetadataAsync();
        StoreVerify verify = new(_log.Store, new MetadataLogOptions(), readsBlocks);
        List<StoreFault> faults = [];
        await foreach (StoreFault fault in verify.RunAsync(None))
        {
            faults.Add(fault);
        }

        return (verify, faults);
    }
}
