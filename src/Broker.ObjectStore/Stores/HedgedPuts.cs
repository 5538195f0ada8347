using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// Sends a conditional PUT that is late again, and takes what settles it first: one slow request does not hold up the acknowledgements of a write-ahead log for seconds. The condition lets
/// one of them take effect, and the write id that all leave in the object tells whose it is; a PUT without these is sent once, as is one that is slowed on purpose. Another may arrive late, when
/// all is done and the object deleted, as any PUT that was given up for its time may: whoever puts under a condition bears that. Thread-safe.
/// </summary>
internal sealed class HedgedPuts(IObjectStore inner, HedgedObjectStoreOptions options)
{
    /// <summary>Where three in a hundred are late, one in a thousand is so twice: some in a minute of a busy log. A third brings that to some in an hour.</summary>
    private const int MostSent = 3;

    private readonly LateRequests _late = new(options.Puts, options.Time);

    /// <summary>How many were sent beside another.</summary>
    internal long Repeats => _late.Repeats;

    /// <inheritdoc cref="IObjectStore.PutAsync"/>
    internal async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        if (condition.Kind == PutConditionKind.None || condition.WriteId == Guid.Empty || body.Length > options.MaxPutBytes || BodyPace.Current is not null)
        {
            return await inner.PutAsync(key, body, condition, ct);
        }

        long began = _late.Begin();
        TimeSpan delay = _late.LateAfter(body.Length) ?? Timeout.InfiniteTimeSpan;
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        List<Task<PutResult>> sent = [Send()];
        while (sent.Count < MostSent && await _late.IsDueAsync(Task.WhenAny(sent), delay, ct))
        {
            sent.Add(Send());
        }

        await FirstWrittenAsync(sent);
        await stop.CancelAsync();

        // The body is the caller's again when this returns.
        foreach (Task<PutResult> each in sent)
        {
            await LateRequests.EndOf(each);
        }

        PutResult result = await sent.MinBy(Rank)!;
        if (result.Outcome == PutOutcome.Written)
        {
            // What an outage takes is not usual.
            _late.Record(body.Length, began);
        }

        return result;

        Task<PutResult> Send() => LateRequests.StartAsync(token => inner.PutAsync(key, body, condition, token), stop.Token);
    }

    // Returns when one is written, or all have ended.
    private static async ValueTask FirstWrittenAsync(IReadOnlyList<Task<PutResult>> sent)
    {
        List<Task<PutResult>> open = [.. sent];
        while (open.Count > 0)
        {
            Task<PutResult> ended = await Task.WhenAny(open);
            if (IsWritten(ended))
            {
                return;
            }

            open.Remove(ended);
        }
    }

    // Written beats all; that it is in doubt beats a condition that failed, since what is in doubt may have been there before; a refusal says nothing of the others.
    private static int Rank(Task<PutResult> put) => put switch
    {
        _ when IsWritten(put) => 0,
        { IsCompletedSuccessfully: true, Result.Outcome: PutOutcome.ConditionFailed } => 2,
        { Exception.InnerException: StorageException } => 3,
        _ => 1,
    };

    private static bool IsWritten(Task<PutResult> put) => put is { IsCompletedSuccessfully: true, Result.Outcome: PutOutcome.Written };
}
