using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The write-ahead log in the bucket (docs/formats/bucket-wal.md): a <see cref="ConditionalLog"/> each of whose slots holds what was gathered for one
/// PUT. Beside W1 to W6 of <see cref="IWriteAheadLog"/>, on G1 to G11 of that log:
/// <list type="number">
/// <item>B1. One PUT acknowledges a group of appends. Nothing else is asked of the store but by the opening, by trims that free something, and to
/// settle a PUT of unknown outcome. An append to an idle log is sent at once, if the budget allows.</item>
/// <item>B2. Without appends queued or in flight there are no requests and no timers.</item>
/// <item>B3. No PUT carries more than the batch's bound, unless one append alone is larger; at most k are in flight; those that are small number at most
/// R * T + R in any T seconds, for a budget of R.</item>
/// <item>B4. Positions follow each other from slot to slot; where they do not, recovery is Corrupt.</item>
/// <item>B5. Once a recovery has fenced the log, no append of an earlier opening takes effect or is acknowledged; and an owner with a lower number than the
/// last one's never gets the log (Fenced).</item>
/// <item>B6. An append that was refused by the store or whose outcome stays unknown ends this instance, and fails what is queued and in flight behind it. The next
/// recovery decides: it returns such an append before all that is appended later, or the append never appears.</item>
/// <item>B7. A trim moves the log's boundary, durably, before it deletes, and frees whole slots; the newest slot stays, and carries the positions on. One
/// that frees nothing asks nothing of the store.</item>
/// <item>B8. Recovery needs the bucket, the log's name and the owner's number, and nothing else.</item>
/// <item>B9. A log whose boundary is gone from the bucket is lost: a trim that finds that ends this instance as Corrupt, and a recovery of a log that must exist fails so,
/// until the objects are restored.</item>
/// </list>
/// Thread-safe, but <see cref="RecoverAsync"/>, which takes the log over, runs alone before anything else. No thread of its own; pauses by the options' clock.
/// </summary>
public sealed class BucketWal : IWriteAheadLog
{
    private const int NotRecovered = 0;
    private const int Recovering = 1;
    private const int Recovered = 2;

    private readonly BucketWalOptions _options;
    private readonly BucketWalOpening _opening;
    private readonly Lock _lock = new();
    private readonly SlotLedger _ledger;
    private ConditionalLog? _log;
    private SlotPump? _pump;
    private WalPosition _trimTo;
    private Task _lastTrim = Task.CompletedTask;
    private int _recovery = NotRecovered;

    /// <summary>Asks nothing of the store yet: <see cref="RecoverAsync"/> opens, fences and replays.</summary>
    /// <exception cref="StorageException">Invalid: bad options.</exception>
    public BucketWal(IObjectStore store, BucketWalOptions options)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _opening = new BucketWalOpening(store, options);
        _ledger = new SlotLedger(options.CapacityBytes);
    }

    /// <summary>Makes the log, empty, where there is none: for a first owner, before anybody is told that there is one.</summary>
    /// <exception cref="StorageException">Unavailable: it may not be there.</exception>
    public static async ValueTask CreateAsync(IObjectStore store, BucketWalOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        await LogBoundary.LoadOrCreateAsync(store, new LogKeys(options.Prefix), options.MaxInFlight, ct);
    }

    /// <inheritdoc/>
    public long CapacityBytes => _options.CapacityBytes;

    /// <inheritdoc/>
    /// <remarks>Records that are not trimmed, with their lines in the tables of slots, and those on their way.</remarks>
    public long UsedBytes => _ledger.UsedBytes;

    /// <inheritdoc/>
    public long SlotsWritten => _ledger.SlotsWritten;

    /// <inheritdoc/>
    /// <remarks>Unavailable also when an owner trims faster than this reads. Fenced: another owner has the log (B5). Invalid: a newer version's.</remarks>
    public async IAsyncEnumerable<WalRecoveredRecord> RecoverAsync([EnumeratorCancellation] CancellationToken ct)
    {
        if (Interlocked.CompareExchange(ref _recovery, Recovering, NotRecovered) != NotRecovered)
        {
            throw new InvalidOperationException("a WAL is recovered once, before its first append");
        }

        long next = 1;
        await foreach (RecoveredSlot slot in _opening.RunAsync(ct))
        {
            _ledger.AddFound(slot.After, slot.Records[^1].Position, slot.SizeBytes);
            next = slot.Records[^1].Position.Value + 1;
            foreach (WalRecoveredRecord record in slot.Records)
            {
                yield return record;
            }
        }

        _log = _opening.Log;
        _pump = new SlotPump(_log, _options, _ledger, next);
        Volatile.Write(ref _recovery, Recovered);
    }

    public ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowUnlessRecovered();
        ct.ThrowIfCancellationRequested();
        PendingAppend append = new(batch, BucketSlot.RecordBytes);
        if (append.SizeBytes > _options.LargestAppendBytes)
        {
            throw new ArgumentException(
                $"a batch of {append.SizeBytes} bytes can never fit this WAL; the most is {_options.LargestAppendBytes} (wal.bucket.capacity.bytes)", nameof(batch));
        }

        _pump!.Add(append);
        return new ValueTask<WalPosition>(append.Completion);
    }

    public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct)
    {
        ThrowUnlessRecovered();
        ct.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _trimTo = upTo > _trimTo ? upTo : _trimTo;
            Task trim = TrimAfterAsync(_lastTrim, ct);
            _lastTrim = trim;
            return new ValueTask(trim);
        }
    }

    /// <summary>
    /// Lets go of the newest slot too, which is all that trims leave beside fences. For a log that is disposed and that nobody will open again: its
    /// positions would begin anew.
    /// </summary>
    /// <exception cref="StorageException">Unavailable: the slot stays in the bucket.</exception>
    public async ValueTask RetireAsync(CancellationToken ct)
    {
        if (_log is { } log)
        {
            await log.TrimAsync(log.Tail, ct);
        }
    }

    /// <summary>Sends what is queued and waits until all is settled. It does not trim.</summary>
    public async ValueTask DisposeAsync()
    {
        await (_pump?.CloseAsync() ?? Task.CompletedTask);
        await SettledAsync(_lastTrim);
    }

    // Its failure is its caller's.
    private static async Task SettledAsync(Task task) =>
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private async Task TrimAfterAsync(Task before, CancellationToken ct)
    {
        await SettledAsync(before);

        // Not under the lock of the caller, whose turn may be the last one's continuation.
        await Task.Yield();
        if (_pump!.Failure is { Kind: StorageErrorKind.Fenced } fenced)
        {
            throw new StorageException(fenced.Kind, fenced.Message, fenced);
        }

        WalPosition upTo;
        lock (_lock)
        {
            upTo = _trimTo;
        }

        LogPosition? end = _ledger.FindTrim(upTo);
        if (end is { } first)
        {
            await _log!.TrimAsync(first, ct);
        }

        _ledger.Trimmed(end, upTo);
    }

    private void ThrowUnlessRecovered()
    {
        if (Volatile.Read(ref _recovery) != Recovered)
        {
            throw new InvalidOperationException("recover the WAL to its end before the first append or trim");
        }
    }
}
