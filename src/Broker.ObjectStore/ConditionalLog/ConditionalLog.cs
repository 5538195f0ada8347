using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// A log of objects <c>[prefix]/[slot]</c>, each created if absent: one conditional PUT is one durable append, and a new owner fences
/// the old one without talking to it. It holds under any delay, loss or repetition of requests, as long as the store is
/// consistent and its conditional PUTs are atomic. Formats: docs/formats/conditional-log.md.
/// <list type="number">
/// <item>G1. A slot holds at most one entry, ever; its name is never used again, also after it was trimmed.</item>
/// <item>G2. Epochs rise along the log; only the one writer that fenced with an epoch appends under it.</item>
/// <item>G3. An append that returned is in every later replay, once, at its slot, unless it was trimmed.</item>
/// <item>G4. Appends return in the order of their calls; what a replay shows of a writer is a prefix of its appends.</item>
/// <item>G5. An append that threw Fenced, or that failed while none after it was in flight and the store was sure, is not in the log
/// and never will be. One that is in doubt is either in it or not from the next opening on, and the same for everyone.</item>
/// <item>G6. Once an opening has returned, no append of an earlier writer takes effect any more.</item>
/// <item>G7. A writer that lost a slot is fenced for ever.</item>
/// <item>G8. No replay shows a slot before the boundary; one that would need it fails with NotFound.</item>
/// <item>G9. Corrupt entries and entries of a newer version fail the opening or replay; nothing is written over them.</item>
/// <item>G10. A slot that was taken and is not there, though not trimmed, fails the opening or replay as Corrupt as soon as anything
/// beyond it proves that it was taken (see <see cref="LogGap"/>); nothing is written into it. Of the last slot, and of those whose PUTs were in flight together with the last, nothing in the store
/// can prove that: only who has seen them (<see cref="ConditionalLogOptions.KnownSlots"/>).</item>
/// <item>G11. A log whose boundary is gone is lost: a trim or a look that finds that ends the instance as Corrupt, and an opening of a log that must exist fails so. The boundary is
/// never made a second time by who had the log open.</item>
/// </list>
/// Safe for concurrent use. No thread or timer of its own but the pauses while an outcome is unknown.
/// </summary>
public sealed class ConditionalLog
{
    private readonly object _lock = new();
    private readonly IObjectStore _store;
    private readonly LogKeys _keys;
    private readonly ConditionalLogOptions _options;
    private readonly int _maxInFlight;
    private readonly long _firstSlot;
    private readonly SlotWriter _writer;
    private readonly LogTrimmer _trimmer;

    /// <summary>By slot modulo k: whether the last append there was won, in order.</summary>
    private readonly Task<bool>[] _settled;

    private long _nextSlot;
    private long _ackedSlots;
    private int _pending;
    private StorageException? _failure;

    // Of the last look ahead.
    private string? _seenBoundary;

    private ConditionalLog(
        IObjectStore store, LogKeys keys, ConditionalLogOptions options, int maxInFlight, SlotWriter writer, LogTrimmer trimmer, LogPosition position)
    {
        _store = store;
        _keys = keys;
        _options = options;
        _writer = writer;
        _trimmer = trimmer;
        _maxInFlight = maxInFlight;
        _settled = new Task<bool>[_maxInFlight];
        Array.Fill(_settled, Task.FromResult(true));
        Epoch = position.Epoch;
        WriterId = position.WriterId;
        _firstSlot = position.NextSlot;
        _nextSlot = position.NextSlot;
        _ackedSlots = position.NextSlot;
    }

    /// <summary>The epoch under which this instance writes.</summary>
    public long Epoch { get; }

    /// <summary>The id of this instance as a writer.</summary>
    public Guid WriterId { get; }

    /// <summary>How many PUTs are in flight at most.</summary>
    public int MaxInFlight => _maxInFlight;

    /// <summary>The position after the last append that returned.</summary>
    public LogPosition Tail => new(Volatile.Read(ref _ackedSlots), Epoch, WriterId);

    /// <summary>Why this instance can append no more; null while it can.</summary>
    public StorageException? Failure => Volatile.Read(ref _failure);

    /// <summary>
    /// Creates the log when it is absent, replays it from <paramref name="from"/> (null: from its first slot) into
    /// <paramref name="onEntry"/>, entry by entry, and fences every earlier writer.
    /// </summary>
    /// <exception cref="StorageException">
    /// NotFound: trimmed past <paramref name="from"/>, begin again with a newer snapshot. Fenced: someone else took over meanwhile, or has an
    /// epoch above <see cref="ConditionalLogOptions.MaxEpoch"/>.
    /// Unavailable: begin again later. Invalid: more in flight than the log was made for, or a newer version. Corrupt.
    /// </exception>
    public static async ValueTask<ConditionalLog> OpenAsync(
        IObjectStore store,
        ConditionalLogOptions options,
        LogPosition? from,
        Func<LogEntry, CancellationToken, ValueTask> onEntry,
        CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxInFlight, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxInFlight, ushort.MaxValue);
        LogKeys keys = new(options.Prefix);
        LogBoundary boundary = options.MustExist
            ? await LogBoundary.LoadExistingAsync(store, keys, ct)
            : await LogBoundary.LoadOrCreateAsync(store, keys, options.MaxInFlight, ct);
        if (options.MaxInFlight > boundary.MaxInFlight && !options.AcceptsFewerInFlight)
        {
            throw new StorageException(
                StorageErrorKind.Invalid,
                $"log '{options.Prefix}' was made for {boundary.MaxInFlight} PUTs in flight; {options.MaxInFlight} would outrun its fences");
        }

        SlotWriter writer = new(store, keys, options);
        LogReader reader = new(store, keys, from ?? boundary.First, options.ShowsDamagedEntries);
        await new LogFencing(store, keys, options, boundary.MaxInFlight, writer, reader).TakeOverAsync(onEntry, ct);
        int maxInFlight = Math.Min(options.MaxInFlight, boundary.MaxInFlight);
        return new ConditionalLog(store, keys, options, maxInFlight, writer, new LogTrimmer(store, keys, reader.Position.NextSlot), reader.Position);
    }

    /// <summary>The position after <paramref name="slot"/>, which this instance has appended.</summary>
    public LogPosition PositionAfter(long slot) => new(slot + 1, Epoch, WriterId);

    /// <inheritdoc cref="AppendAsync(ReadOnlySequence{byte}, CancellationToken)"/>
    public ValueTask<long> AppendAsync(ReadOnlyMemory<byte> payload, CancellationToken ct)
        => AppendAsync(new ReadOnlySequence<byte>(payload), ct);

    /// <summary>
    /// Appends an entry and returns its slot, once it and all before it are durable. Calls may overlap: up to k PUTs are in flight, the
    /// rest wait in the order of their calls. <paramref name="ct"/> is looked at before the slot is taken, not after: a PUT cannot be taken
    /// back. The payload (1 byte at least) must stay unchanged until the call returns.
    /// </summary>
    /// <exception cref="StorageException">
    /// Fenced: for ever. Unavailable: see the message and <see cref="Failure"/>; while that is null this instance goes on, and the entry
    /// was not written; otherwise the log must be opened anew, which decides what became of it.
    /// </exception>
    public ValueTask<long> AppendAsync(ReadOnlySequence<byte> payload, CancellationToken ct) => AppendAsync(payload, null, ct);

    /// <inheritdoc cref="AppendAsync(ReadOnlySequence{byte}, CancellationToken)"/>
    /// <param name="payload">What to append.</param>
    /// <param name="payloadCrc">Its CRC-32C where it is known: then the bytes are not read for it, and damage since it was computed is found by readers.</param>
    /// <param name="ct">Cancels before the slot is taken.</param>
    public async ValueTask<long> AppendAsync(ReadOnlySequence<byte> payload, uint? payloadCrc, CancellationToken ct)
    {
        if (payload.IsEmpty)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"log '{_keys.Prefix}': an entry needs a payload");
        }

        ct.ThrowIfCancellationRequested();
        Turn turn = TakeTurn();
        bool isWon = false;
        try
        {
            if (!await turn.Window)
            {
                throw FailureOfEarlier();
            }

            SlotResult result = await WriteAsync(turn.Slot, payload, payloadCrc);
            if (!await turn.Previous)
            {
                throw FailureOfEarlier();
            }

            Settle(turn, result);
            isWon = true;
            return turn.Slot;
        }
        catch (Exception error) when (error is not StorageException)
        {
            Fail(StorageErrorKind.Unavailable, $"slot {turn.Slot} is in doubt after an unexpected error; open the log again", error);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
            turn.Done.SetResult(isWon);
        }
    }

    /// <summary>Looks whether the log is still there, by one HEAD.</summary>
    /// <exception cref="StorageException">Corrupt: it is not, and this instance has ended (G11). Unavailable: nobody knows.</exception>
    public async ValueTask LookAsync(CancellationToken ct) => await SeeBoundaryAsync(ct);

    /// <summary>
    /// Looks whether somebody has taken over, as an append would find out, and whether the log is still there, by a HEAD and a GET, and another one when the boundary has moved. Nothing is asked
    /// while there are appends. One look at a time.
    /// </summary>
    /// <exception cref="StorageException">Fenced: for ever. Corrupt: the log is gone, and this instance has ended (G11). Unavailable: nobody knows.</exception>
    public async ValueTask LookAheadAsync(CancellationToken ct)
    {
        long next;
        lock (_lock)
        {
            if (_failure is not null || Volatile.Read(ref _pending) > 0)
            {
                return;
            }

            next = _nextSlot;
        }

        // A later owner may have trimmed the slot.
        if (!await IsTrimmedAsync(next, ct) && !await IsTakenAsync(next, ct))
        {
            return;
        }

        lock (_lock)
        {
            // One that an append has taken meanwhile is its own to settle.
            if (_nextSlot == next)
            {
                throw Fail(StorageErrorKind.Fenced, $"epoch {Epoch} found slot {next} taken by a later owner", null);
            }
        }
    }

    // A GET, whose answer tells a slot that is not there from a bucket that is not: a HEAD's does not.
    private async ValueTask<bool> IsTakenAsync(long slot, CancellationToken ct)
    {
        try
        {
            await _store.GetAsync(_keys.Slot(slot), new ByteRange(0, 1), ct);
            return true;
        }
        catch (StorageException free) when (free.Kind == StorageErrorKind.NotFound)
        {
            return false;
        }
    }

    /// <returns>The boundary's etag.</returns>
    private async ValueTask<string> SeeBoundaryAsync(CancellationToken ct)
    {
        if (await _store.HeadAsync(_keys.Boundary, ct) is { } boundary)
        {
            return boundary.ETag;
        }

        StorageException lost = LogBoundary.Lost(_keys);
        Fail(lost.Kind, lost.Message, lost);
        throw lost;
    }

    private async ValueTask<bool> IsTrimmedAsync(long slot, CancellationToken ct)
    {
        string seen = await SeeBoundaryAsync(ct);
        if (seen == _seenBoundary)
        {
            return false;
        }

        bool isTrimmed = (await LogBoundary.LoadExistingAsync(_store, _keys, ct)).First.NextSlot > slot;
        _seenBoundary = seen;
        return isTrimmed;
    }

    /// <summary>
    /// Lets go of everything before <paramref name="first"/>, which a snapshot or an upload covers. Idempotent; a crash in the middle
    /// leaves no more than slots that nobody reads and the next trim deletes.
    /// </summary>
    /// <exception cref="StorageException">
    /// Invalid: the position lies beyond what was acknowledged; Unavailable: trim again later. Corrupt: the log is lost (G11), see <see cref="Failure"/>.
    /// </exception>
    public async ValueTask TrimAsync(LogPosition first, CancellationToken ct)
    {
        if (first.NextSlot > Tail.NextSlot || first.IsInterrupted)
        {
            throw new StorageException(
                StorageErrorKind.Invalid,
                $"log '{_keys.Prefix}': cannot trim to slot {first.NextSlot}; only those before {Tail.NextSlot} are acknowledged, and a position must follow a valid entry");
        }

        try
        {
            await _trimmer.TrimAsync(first, ct);
        }
        catch (StorageException lost) when (lost.Kind == StorageErrorKind.Corrupt)
        {
            Fail(lost.Kind, lost.Message, lost);
            throw;
        }
    }

    private Turn TakeTurn()
    {
        lock (_lock)
        {
            if (_failure is not null)
            {
                throw FailureOfEarlier();
            }

            if (Volatile.Read(ref _pending) >= _maxInFlight + _options.MaxWaiting)
            {
                throw new StorageException(
                    StorageErrorKind.Unavailable, $"log '{_keys.Prefix}': {_options.MaxWaiting} appends wait already; wait for some to return");
            }

            Interlocked.Increment(ref _pending);
            long slot = _nextSlot++;
            TaskCompletionSource<bool> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Turn turn = new(slot, _settled[Index(slot)], _settled[Index(slot - 1)], done);
            _settled[Index(slot)] = done.Task;
            return turn;
        }
    }

    private async ValueTask<SlotResult> WriteAsync(long slot, ReadOnlySequence<byte> payload, uint? payloadCrc)
    {
        try
        {
            LogFrameKind kind = slot == _firstSlot ? LogFrameKind.FirstData : LogFrameKind.Data;
            int unsettledSlots = (int)(slot - Volatile.Read(ref _ackedSlots));
            return await _writer.PutAsync(kind, slot, Epoch, WriterId, payload, payloadCrc, unsettledSlots);
        }
        catch (StorageException error)
        {
            throw Fail(error.Kind, $"slot {slot} could not be settled: {error.Message}", error);
        }
    }

    private void Settle(Turn turn, SlotResult result)
    {
        switch (result.Outcome)
        {
            case SlotOutcome.Won:
                Volatile.Write(ref _ackedSlots, turn.Slot + 1);
                return;
            case SlotOutcome.Lost:
                string owner = result.Existing is null ? "a later owner, who trimmed it" : $"epoch {result.Existing.Epoch}";
                throw Fail(StorageErrorKind.Fenced, $"epoch {Epoch} lost slot {turn.Slot} to {owner}", null);
            case SlotOutcome.NotWritten when !_options.EndsOnRefusal && TryGiveBack(turn):
                throw new StorageException(
                    StorageErrorKind.Unavailable, $"log '{_keys.Prefix}': nothing was appended: {result.Error!.Message}", result.Error);
            case SlotOutcome.NotWritten:
                throw Fail(
                    StorageErrorKind.Unavailable,
                    $"slot {turn.Slot} could not be written; later ones may be. Open the log again: {result.Error!.Message}",
                    result.Error);
            default:
                throw Fail(
                    StorageErrorKind.Unavailable, $"whether slot {turn.Slot} was written is unknown; open the log again", result.Error);
        }
    }

    /// <summary>Makes a slot that was surely not written the next one again, if no later one was handed out.</summary>
    private bool TryGiveBack(Turn turn)
    {
        lock (_lock)
        {
            if (turn.Slot != _nextSlot - 1)
            {
                return false;
            }

            _nextSlot = turn.Slot;
            _settled[Index(turn.Slot)] = Task.FromResult(true);
            return true;
        }
    }

    private StorageException Fail(StorageErrorKind kind, string what, Exception? inner)
    {
        lock (_lock)
        {
            // The first failure is the cause of all others.
            return _failure ??= new StorageException(kind, $"log '{_keys.Prefix}': {what}", inner);
        }
    }

    // A new exception each time: its stack is the caller's.
    private StorageException FailureOfEarlier()
    {
        StorageException failure = Failure ?? throw new InvalidOperationException("an append failed without a reason");
        return new StorageException(failure.Kind, failure.Message, failure);
    }

    private int Index(long slot) => (int)((slot + _maxInFlight) % _maxInFlight);

    /// <param name="Slot">The slot to write.</param>
    /// <param name="Window">The append k slots before: while it is not won, this one must not be sent.</param>
    /// <param name="Previous">The append before: while it is not won, this one must not return.</param>
    /// <param name="Done">Tells those after.</param>
    private sealed record Turn(long Slot, Task<bool> Window, Task<bool> Previous, TaskCompletionSource<bool> Done);
}
