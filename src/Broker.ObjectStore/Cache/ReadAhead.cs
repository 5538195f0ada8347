namespace Broker.ObjectStore.Cache;

/// <summary>
/// Decides what to load before it is asked for. A reader that goes on where it ended is sequential, and gets a window that doubles with each of
/// its reads; all others get none, so random reads load nothing in vain. It stops by itself: a window is filled only as its reader consumes it.
/// <para>What is loaded ahead and not consumed yet is bounded for all readers together, so that they do not evict each other's windows;
/// a reader that is not heard of for a while gives its share back. Passive and thread-safe.</para>
/// </summary>
public sealed class ReadAhead
{
    private readonly Lock _lock = new();
    private readonly ReadAheadOptions _options;
    private readonly TimeProvider _time;

    /// <summary>By what each reader is expected to ask for next.</summary>
    private readonly Dictionary<(StreamId Stream, Offset Next), Reader> _readers = [];

    /// <summary>The same, the one heard of longest ago first.</summary>
    private readonly LinkedList<Reader> _byAge = new();

    private long _aheadBytes;

    /// <summary>Readers that have a window.</summary>
    private int _sequential;

    public ReadAhead(ReadAheadOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        (_options, _time) = (options, time);
    }

    /// <summary>Bytes that are loaded, or being loaded, ahead of their readers.</summary>
    public long AheadBytes
    {
        get
        {
            lock (_lock)
            {
                return _aheadBytes;
            }
        }
    }

    /// <summary>
    /// Takes note of a read of <paramref name="stream"/> from <paramref name="from"/> that gave <paramref name="bytes"/> and ended before
    /// <paramref name="next"/>. Returns what to load now, which the caller ends with <see cref="Complete"/>; null: nothing.
    /// </summary>
    public ReadAheadWindow? OnRead(StreamId stream, Offset from, Offset next, long bytes)
    {
        lock (_lock)
        {
            ForgetSilent();
            Reader reader = TakeReader(stream, from, bytes);
            reader.Place = (stream, next);
            reader.HeardAt = _time.GetTimestamp();
            if (!_readers.TryAdd(reader.Place, reader))
            {
                // Another reader is at the same place: its window serves both.
                GiveBack(reader);
                return null;
            }

            reader.Node = _byAge.AddLast(reader);
            return Plan(reader, next);
        }
    }

    /// <summary>Ends a window: <paramref name="loadedBytes"/> up to <paramref name="end"/> were loaded, or nothing.</summary>
    public void Complete(ReadAheadWindow window, Offset end, long loadedBytes)
    {
        ArgumentNullException.ThrowIfNull(window);
        lock (_lock)
        {
            Reader reader = window.Reader;
            reader.IsLoading = false;
            if (reader.IsForgotten)
            {
                return;
            }

            long change = loadedBytes - window.Bytes;
            reader.AheadBytes += change;
            _aheadBytes += change;
            reader.AheadTo = Offset.Max(reader.AheadTo, end);
        }
    }

    private Reader TakeReader(StreamId stream, Offset from, long bytes)
    {
        if (!_readers.Remove((stream, from), out Reader? reader))
        {
            return new Reader();
        }

        _byAge.Remove(reader.Node!);
        long consumed = Math.Min(bytes, reader.AheadBytes);
        reader.AheadBytes -= consumed;
        _aheadBytes -= consumed;
        _sequential += reader.WindowBytes == 0 ? 1 : 0;
        reader.WindowBytes = Math.Clamp(2 * reader.WindowBytes, _options.FirstBytes, LargestWindow);
        return reader;
    }

    // Each has its share, so that the first to come do not take all.
    private long LargestWindow => Math.Clamp(_options.TotalBytes / _sequential, _options.FirstBytes, _options.MaxBytes);

    private ReadAheadWindow? Plan(Reader reader, Offset next)
    {
        long wanted = Math.Min(reader.WindowBytes - reader.AheadBytes, _options.TotalBytes - _aheadBytes);

        // Not in dribs and drabs: each load costs a request.
        if (reader.IsLoading || wanted <= 0 || wanted < reader.WindowBytes / 2)
        {
            return null;
        }

        reader.IsLoading = true;
        reader.AheadBytes += wanted;
        _aheadBytes += wanted;
        return new ReadAheadWindow(reader, Offset.Max(next, reader.AheadTo), wanted);
    }

    private void ForgetSilent()
    {
        while (_byAge.First is { } oldest
            && (_readers.Count >= _options.MaxReaders || _time.GetElapsedTime(oldest.Value.HeardAt) > _options.SilentFor))
        {
            _byAge.RemoveFirst();
            _readers.Remove(oldest.Value.Place);
            GiveBack(oldest.Value);
        }
    }

    private void GiveBack(Reader reader)
    {
        reader.IsForgotten = true;
        _aheadBytes -= reader.AheadBytes;
        reader.AheadBytes = 0;
        _sequential -= reader.WindowBytes == 0 ? 0 : 1;
    }

    /// <summary>One sequential reader. Guarded by the lock.</summary>
    internal sealed class Reader
    {
        internal (StreamId Stream, Offset Next) Place { get; set; }

        internal LinkedListNode<Reader>? Node { get; set; }

        internal long HeardAt { get; set; }

        /// <summary>0 until the reader has proved sequential.</summary>
        internal long WindowBytes { get; set; }

        internal long AheadBytes { get; set; }

        internal Offset AheadTo { get; set; }

        internal bool IsLoading { get; set; }

        internal bool IsForgotten { get; set; }
    }
}

/// <summary>What to load ahead of a reader.</summary>
public sealed class ReadAheadWindow
{
    internal ReadAheadWindow(ReadAhead.Reader reader, Offset from, long bytes) => (Reader, From, Bytes) = (reader, from, bytes);

    /// <summary>Where to begin.</summary>
    public Offset From { get; }

    /// <summary>How much at most.</summary>
    public long Bytes { get; }

    internal ReadAhead.Reader Reader { get; }
}
