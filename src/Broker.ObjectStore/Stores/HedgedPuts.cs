using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// Sends a conditional PUT that is late a second time, and takes what settles it first: one slow request does not hold up the acknowledgements of a write-ahead log for seconds. The condition lets
/// one of the two take effect, and the write id that both leave in the object tells whose it is; a PUT without these is sent once. Which may arrive late, when all is done and the object deleted,
/// as any PUT that was given up for its time may: whoever puts under a condition bears that. Thread-safe.
/// </summary>
internal sealed class HedgedPuts(IObjectStore inner, HedgedObjectStoreOptions options)
{
    private readonly LateRequests _late = new(options.Puts, options.Time);

    /// <summary>How many were sent a second time.</summary>
    internal long Seconds => _late.Seconds;

    /// <inheritdoc cref="IObjectStore.PutAsync"/>
    internal async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        if (condition.Kind == PutConditionKind.None || condition.WriteId == Guid.Empty || body.Length > options.MaxPutBytes)
        {
            return await inner.PutAsync(key, body, condition, ct);
        }

        long began = _late.Begin();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task<PutResult> first = LateRequests.StartAsync(token => inner.PutAsync(key, body, condition, token), stop.Token);
        if (!await _late.IsDueAsync(first, _late.LateAfter(body.Length) ?? Timeout.InfiniteTimeSpan, ct))
        {
            PutResult result = await first;
            _late.Record(body.Length, began);
            return result;
        }

        Task<PutResult> second = LateRequests.StartAsync(token => inner.PutAsync(key, body, condition, token), stop.Token);
        Task<PutResult> earlier = await Task.WhenAny(first, second);
        if (IsWritten(earlier))
        {
            await stop.CancelAsync();
        }

        // The body is the caller's again when this returns.
        await LateRequests.EndOf(first);
        await LateRequests.EndOf(second);
        _late.Record(body.Length, began);
        return await (SecondSays(first, second) ? second : first);
    }

    // Written beats all; that it is in doubt beats a condition that failed, since what is in doubt may have been there before; a refusal says nothing of the other one.
    private static bool SecondSays(Task<PutResult> first, Task<PutResult> second) => (first, second) switch
    {
        _ when IsWritten(first) => false,
        _ when IsWritten(second) => true,
        _ => first.Exception?.InnerException is StorageException || second is { IsCompletedSuccessfully: true, Result.Outcome: PutOutcome.Unknown },
    };

    private static bool IsWritten(Task<PutResult> put) => put is { IsCompletedSuccessfully: true, Result.Outcome: PutOutcome.Written };
}
