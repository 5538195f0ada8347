using System.Buffers;
using System.Runtime.CompilerServices;
using Broker.ObjectStore;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.Simulation.Store;

/// <summary>
/// One process's connection to the simulated store: each request takes its time and meets its fate. What is on its way when the process dies is done, or
/// not, as if it lived; nobody is told.
/// </summary>
internal sealed class StoreClient(SimulatedProcess process, InMemoryObjectStore bucket, StoreWeather weather) : IObjectStore
{
    // How long a listing takes more for each thousand objects is no matter here: all come with the first answer.
    private readonly SimulatedWorld _world = process.World;

    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        byte[] bytes = body.ToArray();
        StoreFate fate = weather.Next(key.Value);
        Note("put", key.Value, bytes.Length, fate.Fault);
        if (fate.Fault == StoreFault.Late)
        {
            weather.LateWrites.Add(key.Value);
        }

        try
        {
            PutResult result = await RequestAsync(fate, () => Put(key, bytes, condition), ct);
            Note("put-done", key.Value, (long)result.Outcome);
            return result;
        }
        catch (AnswerLostException lost)
        {
            Note("put-unknown", key.Value);
            return PutResult.Unknown(lost);
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct) =>
        await ReadBytesAsync("get", key, range, ct);

    public async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        long roomBytes = destinations.Sum(piece => (long)piece.Length);
        ReadOnlyMemory<byte> read = await ReadBytesAsync("read", key, range, ct);
        if (read.Length > roomBytes)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"{read.Length} bytes do not fit {roomBytes}");
        }

        ReadOnlySpan<byte> left = read.Span;
        foreach (Memory<byte> piece in destinations)
        {
            int bytes = Math.Min(left.Length, piece.Length);
            left[..bytes].CopyTo(piece.Span);
            left = left[bytes..];
        }

        return read.Length;
    }

    public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) =>
        await ReadAsync("head", key, () => Completed(bucket.HeadAsync(key, CancellationToken.None)), ct);

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        List<ObjectInfo> found = await ReadAsync("list", prefix, () => List(prefix, startAfter), ct);
        foreach (ObjectInfo info in found)
        {
            yield return info;
        }
    }

    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => await ReadAsync(
        "delete",
        key,
        () =>
        {
            bucket.DeleteAsync(key, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return true;
        },
        ct);

    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) =>
        ValueTask.FromResult<IMultipartUpload>(new PartsInMemory(this, key, writeId));

    // Parts live in the process here, and die with it.
    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => ValueTask.FromResult(0);

    private async ValueTask<ReadOnlyMemory<byte>> ReadBytesAsync(string what, ObjectKey key, ByteRange range, CancellationToken ct)
    {
        StoreFate fate = weather.Next(key.Value);
        ReadOnlyMemory<byte> read = await ReadAsync(what, key.Value, fate, () => Completed(bucket.GetAsync(key, range, CancellationToken.None)), ct);
        return fate.Fault == StoreFault.Damaged ? weather.Damage(key.Value, read) : read;
    }

    private ValueTask<T> ReadAsync<T>(string what, ObjectKey key, Func<T> effect, CancellationToken ct) => ReadAsync(what, key.Value, effect, ct);

    private ValueTask<T> ReadAsync<T>(string what, string subject, Func<T> effect, CancellationToken ct) => ReadAsync(what, subject, weather.Next(subject), effect, ct);

    private async ValueTask<T> ReadAsync<T>(string what, string subject, StoreFate fate, Func<T> effect, CancellationToken ct)
    {
        Note(what, subject, 0, fate.Fault);
        try
        {
            T result = await RequestAsync(fate, effect, ct);
            Note($"{what}-done", subject);
            return result;
        }
        catch (AnswerLostException lost)
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"simulated: no answer about '{subject}'", lost);
        }
    }

    /// <summary>Sends it: the effect happens outside the process, whether that still lives or not.</summary>
    private Task<T> RequestAsync<T>(StoreFate fate, Func<T> effect, CancellationToken ct)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (process.IsDead)
        {
            return answer.Task;
        }

        switch (fate.Fault)
        {
            case StoreFault.Refused:
                AnswerAfter(fate.There, () => answer.TrySetException(new StorageException(StorageErrorKind.Unavailable, "simulated: refused")));
                break;
            case StoreFault.Throttled:
                AnswerAfter(fate.There, () => answer.TrySetException(new StoreThrottledException("simulated: slow down")));
                break;
            case StoreFault.RequestLost:
                AnswerAfter(fate.Back, () => answer.TrySetException(new AnswerLostException()));
                break;
            case StoreFault.AnswerLost or StoreFault.Truncated:
                AnswerAfter(fate.There, () => Do(effect, null));
                AnswerAfter(fate.There + fate.Back, () => answer.TrySetException(new AnswerLostException()));
                break;
            case StoreFault.Late:
                AnswerAfter(fate.There, () => Do(effect, null));
                AnswerAfter(fate.Back, () => answer.TrySetException(new AnswerLostException()));
                break;
            default:
                AnswerAfter(fate.There, () => Do(effect, outcome => AnswerAfter(fate.Back, () => outcome(answer))));
                break;
        }

        return ct.CanBeCanceled ? CancellableAsync(answer, ct) : answer.Task;
    }

    private static async Task<T> CancellableAsync<T>(TaskCompletionSource<T> answer, CancellationToken ct)
    {
        using CancellationTokenRegistration registration = ct.Register(() => answer.TrySetCanceled(ct));
        return await answer.Task;
    }

    private void AnswerAfter(TimeSpan delay, Action action) => _world.Outside.Call(delay, action);

    private static void Do<T>(Func<T> effect, Action<Action<TaskCompletionSource<T>>>? then)
    {
        try
        {
            T result = effect();
            then?.Invoke(answer => answer.TrySetResult(result));
        }
        catch (StorageException error)
        {
            then?.Invoke(answer => answer.TrySetException(error));
        }
    }

    // The store in memory answers at once.
    private static T Completed<T>(ValueTask<T> answer) => answer.GetAwaiter().GetResult();

    private PutResult Put(ObjectKey key, byte[] bytes, PutCondition condition)
    {
        PutResult result = Completed(bucket.PutAsync(key, new ReadOnlySequence<byte>(bytes), condition, CancellationToken.None));
        if (result.Outcome == PutOutcome.Written)
        {
            weather.Written(key.Value);
        }

        return result;
    }

    private List<ObjectInfo> List(string prefix, string? startAfter)
    {
        weather.Listed(prefix);
        List<ObjectInfo> found = [];
        IAsyncEnumerator<ObjectInfo> list = bucket.ListAsync(prefix, startAfter, CancellationToken.None).GetAsyncEnumerator(CancellationToken.None);
        while (Completed(list.MoveNextAsync()))
        {
            found.Add(list.Current);
        }

        return found;
    }

    private void Note(string what, string key, long a = 0, StoreFault fault = StoreFault.None)
    {
        if (!process.IsDead)
        {
            _world.Note(process.Name, what, key, a, (long)fault);
        }
    }

    private sealed class AnswerLostException() : Exception("simulated: no answer");

    /// <summary>Parts stay with the client until it completes them by one PUT; small objects are not uploaded in parts.</summary>
    private sealed class PartsInMemory(StoreClient client, ObjectKey key, Guid writeId) : IMultipartUpload
    {
        private readonly SortedDictionary<int, byte[]> _parts = [];

        public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct)
        {
            byte[] bytes = body.ToArray();
            _parts[number] = await client.ReadAsync("part", key, () => bytes, ct);
        }

        public ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
        {
            byte[] all = [.. _parts.Values.SelectMany(part => part)];
            return client.PutAsync(key, new ReadOnlySequence<byte>(all), condition.WithWriteId(writeId), ct);
        }

        public ValueTask AbortAsync(CancellationToken ct) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
