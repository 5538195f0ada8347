using System.Buffers;
using System.Threading.Channels;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>Bucket WALs of one name, and records that say which they are.</summary>
internal static class BucketWalFixture
{
    internal const string Prefix = "wal/5b/test";

    internal static BucketWalOptions Options(long owner = 1, TimeProvider? time = null) => new()
    {
        Prefix = Prefix,
        OwnerEpoch = owner,
        CapacityBytes = 1 << 20,
        MaxBatchBytes = 64 << 10,
        MaxPutsPerSecond = 0,
        MaxLinger = TimeSpan.Zero,
        Time = time ?? new JumpingTime(),
        ResolveTimeout = TimeSpan.FromSeconds(2),
    };

    internal static async Task<BucketWal> OpenAsync(IObjectStore store, BucketWalOptions options, params long[] expected)
    {
        BucketWal wal = new(store, options);
        Assert.Equal(expected, (await RecoverAsync(wal)).Select(record => record.Record.BaseOffset.Value));
        return wal;
    }

    internal static async Task<List<WalRecoveredRecord>> RecoverAsync(IWriteAheadLog wal)
    {
        List<WalRecoveredRecord> records = [];
        await foreach (WalRecoveredRecord record in wal.RecoverAsync(default))
        {
            records.Add(record);
        }

        return records;
    }

    internal static WalRecord Record(long number, int payloadBytes = 20)
    {
        byte[] payload = new byte[payloadBytes];
        new Random((int)number).NextBytes(payload);
        return new WalRecord(new StreamId(number % 3), new LeaderEpoch(1), new Offset(number), new Offset(number), number, payload, Broker.Shared.Crc32C.Compute(payload));
    }

    internal static Task<WalPosition> AppendAsync(this IWriteAheadLog wal, long number, int payloadBytes = 20)
        => wal.AppendAsync([Record(number, payloadBytes)], default).AsTask();

    internal static async Task<StorageException> FailsAsync(StorageErrorKind kind, Func<Task> action)
    {
        StorageException error = await Assert.ThrowsAnyAsync<StorageException>(action);
        Assert.Equal(kind, error.Kind);
        return error;
    }

    internal static bool IsSlot(ObjectKey key) => !key.Value.EndsWith("boundary", StringComparison.Ordinal);
}

/// <summary>A PUT of a slot with records, which the test lets through.</summary>
internal sealed record GatedPut(long BodyBytes, TaskCompletionSource Gate)
{
    internal void Let() => Gate.SetResult();
}

/// <summary>Hands each PUT of records to the test, which lets it through; counts all requests.</summary>
internal sealed class GatedObjectStore(IObjectStore inner) : IObjectStore
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Channel<GatedPut> _puts = Channel.CreateUnbounded<GatedPut>();
    private int _begun;

    /// <summary>PUTs of records that have begun.</summary>
    internal int Begun => Volatile.Read(ref _begun);

    internal async Task<GatedPut> NextAsync()
    {
        using CancellationTokenSource deadline = new(Patience);
        return await _puts.Reader.ReadAsync(deadline.Token);
    }

    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        if (body.Length > LogFrame.HeaderBytes && BucketWalFixture.IsSlot(key))
        {
            GatedPut put = new(body.Length, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            Interlocked.Increment(ref _begun);
            _puts.Writer.TryWrite(put);
            await put.Gate.Task;
        }

        return await inner.PutAsync(key, body, condition, ct);
    }

    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct) => inner.GetAsync(key, range, ct);

    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) =>
        inner.ReadAsync(key, range, destinations, ct);

    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => inner.HeadAsync(key, ct);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct) => inner.ListAsync(prefix, startAfter, ct);

    public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => inner.DeleteAsync(key, ct);

    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);
}
