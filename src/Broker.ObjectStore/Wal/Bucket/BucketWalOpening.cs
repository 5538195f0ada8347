using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Broker.ObjectStore.Wal;

/// <summary>A slot that was found, with records.</summary>
/// <param name="After">The position behind it in the log.</param>
/// <param name="Records">At least one, in the order of their positions.</param>
/// <param name="SizeBytes">What the records take, with their lines in the table.</param>
internal readonly record struct RecoveredSlot(LogPosition After, IReadOnlyList<WalRecoveredRecord> Records, long SizeBytes);

/// <summary>Takes a bucket WAL over, and hands on what it holds while it is read: the memory is that of the reads ahead, not of the log.</summary>
internal sealed class BucketWalOpening(IObjectStore store, BucketWalOptions options)
{
    /// <summary>An old owner that has not noticed yet may trim while this reads. It can do so once or twice, until its uploads are refused.</summary>
    private const int MaxTries = 4;

    private ConditionalLog? _log;

    /// <summary>The log, once it is taken over and read.</summary>
    public ConditionalLog Log => _log ?? throw new InvalidOperationException("the log is not open");

    /// <summary>Fences the log and returns what it holds.</summary>
    /// <exception cref="StorageException">See <see cref="BucketWal.RecoverAsync"/>.</exception>
    public async IAsyncEnumerable<RecoveredSlot> RunAsync([EnumeratorCancellation] CancellationToken ct)
    {
        using CancellationTokenSource abandoned = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Channel<(int Try, LogEntry Entry)> entries = Channel.CreateBounded<(int Try, LogEntry Entry)>(1);
        Task<ConditionalLog> opening = OpenAsync(entries.Writer, abandoned.Token);
        try
        {
            (int lastTry, long next) = (0, 0);
            // Not ReadAllAsync, which would leave the caller's context.
            while (await entries.Reader.WaitToReadAsync(ct))
            {
                if (!entries.Reader.TryRead(out (int Try, LogEntry Entry) read))
                {
                    continue;
                }

                (int attempt, LogEntry entry) = read;
                IReadOnlyList<WalRecoveredRecord> records = BucketSlot.Decode(entry.Payload, Place(entry.Slot));
                if (attempt != lastTry && records[^1].Position.Value < next)
                {
                    // Read before the last try failed.
                    continue;
                }

                CheckPosition(entry.Slot, records[0].Position.Value, next, mayLeap: attempt != lastTry);
                (lastTry, next) = (attempt, records[^1].Position.Value + 1);
                yield return new RecoveredSlot(entry.Next, records, records.Sum(record => (long)BucketSlot.RecordBytes + record.Record.Payload.Length));
            }
        }
        finally
        {
            // Nor its asynchronous form.
            abandoned.Cancel();
            await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        _log = await opening;
    }

    private async Task<ConditionalLog> OpenAsync(ChannelWriter<(int, LogEntry)> entries, CancellationToken ct)
    {
        try
        {
            for (int attempt = 0; ; attempt++)
            {
                try
                {
                    int thisTry = attempt;
                    return await ConditionalLog.OpenAsync(store, LogOptions(), from: null, (entry, token) => entries.WriteAsync((thisTry, entry), token), ct);
                }
                catch (StorageException trimmed) when (trimmed.Kind == StorageErrorKind.NotFound)
                {
                    if (attempt == MaxTries)
                    {
                        throw new StorageException(
                            StorageErrorKind.Unavailable, $"the WAL '{options.Prefix}' is being trimmed by another owner while it is opened; open it again: {trimmed.Message}", trimmed);
                    }
                }
            }
        }
        finally
        {
            entries.Complete();
        }
    }

    // Between two tries, what was trimmed is gone; otherwise nothing may be.
    private void CheckPosition(long slot, long found, long next, bool mayLeap)
    {
        if (found < 1 || (next != 0 && found != next && !(mayLeap && found > next)))
        {
            throw new StorageException(
                StorageErrorKind.Corrupt, $"{Place(slot)} begins with the record at position {found}, after {next - 1}: records between them are lost, or there twice");
        }
    }

    private string Place(long slot) => $"slot {slot} of the WAL '{options.Prefix}'";

    private ConditionalLogOptions LogOptions() => new(options.Prefix)
    {
        MaxInFlight = options.MaxInFlight,
        AcceptsFewerInFlight = true,
        MustExist = options.MustExist,
        MinEpoch = BucketWalOptions.FirstEpochOf(options.OwnerEpoch),
        MaxEpoch = BucketWalOptions.FirstEpochOf(options.OwnerEpoch + 1) - 1,
        EndsOnRefusal = true,
        ShowsDamagedEntries = true,
        ResolveTimeout = options.ResolveTimeout,
        Time = options.Time,
        Ids = options.Ids,
        JitterSeed = options.JitterSeed,
    };
}
