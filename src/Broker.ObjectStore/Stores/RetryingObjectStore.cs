using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>
/// Tries again what failed with Unavailable, with jittered, doubling pauses, until a deadline.
/// <para>PUTs. Without a condition, an unknown outcome is tried again too: the last write wins, and it is the same. With one, the
/// write id that was left in the object decides: after an unknown outcome, a condition that fails on an object of our own id
/// was our own success. On an object of another's it is our loss only if no earlier try is in doubt; otherwise ours may have been
/// written and replaced since, so the outcome stays unknown, for the caller to find out. "Not there" proves nothing: the same
/// PUT is sent again.</para>
/// Thread-safe. The inner store must not retry conditional PUTs itself.
/// </summary>
public sealed class RetryingObjectStore(IObjectStore inner, RetryingObjectStoreOptions options) : IObjectStore
{
    private readonly Random _jitter = new(options.JitterSeed);

    /// <inheritdoc/>
    public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        PutCondition named = condition.Kind != PutConditionKind.None && condition.WriteId == Guid.Empty
            ? condition.WithWriteId(options.Ids.Next())
            : condition;
        return PutAsync(key, named, () => inner.PutAsync(key, body, named, ct), ct);
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
        => RetryAsync(() => inner.GetAsync(key, range, ct), ct);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        => RetryAsync(() => inner.ReadAsync(key, range, destinations, ct), ct);

    /// <inheritdoc/>
    public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => RetryAsync(() => inner.HeadAsync(key, ct), ct);

    /// <summary>As the interface says; a listing that breaks off goes on after the last key that was yielded.</summary>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        Attempts attempts = new(options, _jitter);
        IAsyncEnumerator<ObjectInfo> list = inner.ListAsync(prefix, startAfter, ct).GetAsyncEnumerator(ct);
        try
        {
            while (true)
            {
                bool isNext;
                try
                {
                    isNext = await list.MoveNextAsync();
                }
                catch (StorageException error) when (error.Kind == StorageErrorKind.Unavailable && attempts.MayGoOnAfter(error))
                {
                    await attempts.PauseAsync(ct);
                    await list.DisposeAsync();
                    list = inner.ListAsync(prefix, startAfter, ct).GetAsyncEnumerator(ct);
                    continue;
                }

                if (!isNext)
                {
                    yield break;
                }

                attempts = new Attempts(options, _jitter);
                startAfter = list.Current.Key.Value;
                yield return list.Current;
            }
        }
        finally
        {
            await list.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
        => await RetryAsync(
            async () =>
            {
                await inner.DeleteAsync(key, ct);
                return true;
            },
            ct);

    /// <inheritdoc/>
    public async ValueTask DeleteManyAsync(IReadOnlyList<ObjectKey> keys, CancellationToken ct)
        => await RetryAsync(
            async () =>
            {
                await inner.DeleteManyAsync(keys, ct);
                return true;
            },
            ct);

    /// <inheritdoc/>
    public async ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
    {
        Guid named = writeId == Guid.Empty ? options.Ids.Next() : writeId;
        return new Upload(this, key, named, await RetryAsync(() => inner.StartMultipartAsync(key, named, ct), ct));
    }

    /// <inheritdoc/>
    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
        => RetryAsync(() => inner.AbortUploadsAsync(prefix, abandoned, ct), ct);

    private async ValueTask<T> RetryAsync<T>(Func<ValueTask<T>> request, CancellationToken ct)
    {
        Attempts attempts = new(options, _jitter);
        while (true)
        {
            try
            {
                return await request();
            }
            catch (StorageException error) when (error.Kind == StorageErrorKind.Unavailable && attempts.MayGoOnAfter(error))
            {
                await attempts.PauseAsync(ct);
            }
        }
    }

    private async ValueTask<PutResult> PutAsync(
        ObjectKey key, PutCondition condition, Func<ValueTask<PutResult>> request, CancellationToken ct)
    {
        Attempts attempts = new(options, _jitter);
        PutResult? unknown = null;
        while (true)
        {
            StorageException? refusal = null;
            try
            {
                PutResult result = await request();
                switch (result.Outcome)
                {
                    case PutOutcome.Written:
                        return result;
                    case PutOutcome.ConditionFailed when unknown is null:
                        return result;
                    case PutOutcome.ConditionFailed:
                        ObjectInfo? existing = await inner.HeadAsync(key, ct);
                        return existing?.WriteId == condition.WriteId ? PutResult.Written(existing.ETag) : unknown.Value;
                    default:
                        unknown = result;
                        break;
                }
            }
            catch (StorageException error) when (error.Kind == StorageErrorKind.Unavailable)
            {
                if (unknown is null && !attempts.MayGoOnAfter(error))
                {
                    throw;
                }

                refusal = error;
            }

            // A refusal after a doubtful try does not settle that one.
            if (unknown is not null && !attempts.MayGoOn)
            {
                return unknown.Value;
            }

            try
            {
                await attempts.PauseAsync(ct);
            }
            catch (OperationCanceledException) when (refusal is not null && unknown is null)
            {
                // The caller learns more than that it cancelled: nothing was applied.
                throw new StorageException(refusal.Kind, refusal.Message, refusal);
            }
        }
    }

    /// <summary>The pauses and the deadline of one request.</summary>
    private sealed class Attempts(RetryingObjectStoreOptions options, Random jitter)
    {
        private readonly long _start = options.Time.GetTimestamp();
        private TimeSpan _bound = options.FirstPause;

        internal bool MayGoOn => options.Time.GetElapsedTime(_start) < options.Deadline;

        internal bool MayGoOnAfter(StorageException error) =>
            MayGoOn && (error is not StoreDeniedException || options.Time.GetElapsedTime(_start) < options.DeniedDeadline);

        /// <summary>Full jitter: anything up to the bound, so that clients that failed together do not return together.</summary>
        internal Task PauseAsync(CancellationToken ct)
        {
            TimeSpan pause;
            lock (jitter)
            {
                pause = _bound * jitter.NextDouble();
            }

            _bound = _bound * 2 < options.MaxPause ? _bound * 2 : options.MaxPause;
            return Task.Delay(pause, options.Time, ct);
        }
    }

    private sealed class Upload(RetryingObjectStore store, ObjectKey key, Guid writeId, IMultipartUpload upload) : IMultipartUpload
    {
        public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct)
            => await store.RetryAsync(
                async () =>
                {
                    await upload.UploadPartAsync(number, body, ct);
                    return true;
                },
                ct);

        /// <summary>
        /// Sent once: a completed upload does not exist any more, so a second completion could not tell success from loss. An unknown
        /// outcome is settled by the write id when the object is there.
        /// </summary>
        public async ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
        {
            PutResult result = await upload.CompleteAsync(condition, ct);
            if (result.Outcome != PutOutcome.Unknown)
            {
                return result;
            }

            ObjectInfo? existing = await store.HeadAsync(key, ct);
            return existing?.WriteId == writeId ? PutResult.Written(existing.ETag) : result;
        }

        public ValueTask AbortAsync(CancellationToken ct) => upload.AbortAsync(ct);

        public ValueTask DisposeAsync() => upload.DisposeAsync();
    }
}
