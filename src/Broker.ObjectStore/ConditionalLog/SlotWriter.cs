using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>How an attempt to write a slot ended.</summary>
internal enum SlotOutcome
{
    /// <summary>The slot holds our entry.</summary>
    Won,

    /// <summary>The slot holds another's entry, and never will hold ours.</summary>
    Lost,

    /// <summary>The store refused; the slot does not hold our entry and never will by this attempt.</summary>
    NotWritten,

    /// <summary>Nobody knows, and the time to find out is over.</summary>
    InDoubt,
}

/// <summary>An outcome; the entry lost to (null when it is trimmed already), or the store's error.</summary>
internal readonly record struct SlotResult(SlotOutcome Outcome, LogFrame? Existing, Exception? Error);

/// <summary>Creates slots, and finds out what became of PUTs with an unknown outcome. Thread-safe.</summary>
internal sealed class SlotWriter(IObjectStore store, LogKeys keys, ConditionalLogOptions options)
{
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(2);

    private readonly Random _jitter = new(options.JitterSeed);

    /// <summary>
    /// Writes an entry into a free slot. Not cancellable: a PUT that was sent cannot be taken back, and its slot must be settled; when that takes longer than
    /// <see cref="ConditionalLogOptions.ResolveTimeout"/> it is in doubt.
    /// </summary>
    internal async ValueTask<SlotResult> PutAsync(
        LogFrameKind kind, long slot, long epoch, Guid writerId, ReadOnlySequence<byte> payload, uint? payloadCrc = null, int unsettledSlots = 0)
    {
        (ReadOnlySequence<byte> bytes, uint crc) = LogFrame.Encode(kind, slot, epoch, writerId, payload, payloadCrc, unsettledSlots);
        PutCondition condition = PutCondition.IfAbsent.WithWriteId(options.Ids.Next());
        using CancellationTokenSource deadline = new(options.ResolveTimeout, options.Time);
        TimeSpan pause = options.ResolvePause;
        bool mayHaveLanded = false;
        while (true)
        {
            Exception? error;
            try
            {
                PutResult result = await store.PutAsync(keys.Slot(slot), bytes, condition, deadline.Token);
                if (result.Outcome == PutOutcome.Written)
                {
                    return new SlotResult(SlotOutcome.Won, null, null);
                }

                bool isFirstAnswer = !mayHaveLanded;
                mayHaveLanded = true;
                LogFrame? existing = await LogReader.TryGetAsync(store, keys, slot, deadline.Token);
                if (existing is not null)
                {
                    bool isOurs = existing.WriterId == writerId && existing.Epoch == epoch && existing.Crc == crc;
                    return new SlotResult(isOurs ? SlotOutcome.Won : SlotOutcome.Lost, existing, null);
                }

                if (result.Outcome == PutOutcome.ConditionFailed)
                {
                    // It was there and is gone: a later owner has trimmed it. An earlier try of ours may have been what was there.
                    return new SlotResult(isFirstAnswer ? SlotOutcome.Lost : SlotOutcome.InDoubt, null, null);
                }

                // Not there yet is no proof: the PUT may still be on its way. Putting again settles it.
                error = result.Cause;
            }
            catch (StorageException failure) when (failure.Kind == StorageErrorKind.Unavailable)
            {
                if (!mayHaveLanded)
                {
                    return new SlotResult(SlotOutcome.NotWritten, null, failure);
                }

                error = failure;
            }
            catch (Exception failure) when (failure is OperationCanceledException or IOException or TimeoutException)
            {
                mayHaveLanded = true;
                error = deadline.IsCancellationRequested
                    ? new StorageException(StorageErrorKind.Unavailable, $"the store did not answer within {options.ResolveTimeout.TotalSeconds:0.#} s", failure)
                    : failure;
            }

            await PauseAsync(pause, deadline.Token);
            if (deadline.IsCancellationRequested)
            {
                return new SlotResult(SlotOutcome.InDoubt, null, error);
            }

            pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        }
    }

    private async ValueTask PauseAsync(TimeSpan pause, CancellationToken deadline) =>
        await Task.Delay(Jittered(pause), options.Time, deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private TimeSpan Jittered(TimeSpan pause)
    {
        lock (_jitter)
        {
            return pause * (0.5 + (_jitter.NextDouble() / 2));
        }
    }
}
