using Broker.ObjectStore.Cache;

namespace Broker.ObjectStore.Unit.Cache;

/// <summary>Who gets a window, how it grows, and what bounds it.</summary>
public sealed class ReadAheadTests
{
    private const long Fetch = 100;
    private static readonly StreamId Stream = new(1);
    private readonly ManualTime _time = new();
    private readonly ReadAheadOptions _options = new() { FirstBytes = 100, MaxBytes = 400, TotalBytes = 1000, SilentFor = TimeSpan.FromSeconds(10) };
    private ReadAhead? _made;

    private ReadAhead Ahead => _made ??= new ReadAhead(_options, _time);

    [Fact]
    public void Reader_gets_no_window_before_it_goes_on_where_it_ended()
    {
        Assert.Null(Read(0));
        Assert.Null(Read(50));
        Assert.Null(Read(7));
        Assert.NotNull(Read(8));
    }

    [Fact]
    public void Window_doubles_with_each_sequential_read_up_to_the_largest()
    {
        List<long> ahead = [];
        Assert.Null(Read(0));
        for (long offset = 1; offset < 8; offset++)
        {
            if (Read(offset) is { } window)
            {
                Ahead.Complete(window, window.From + (window.Bytes / Fetch), window.Bytes);
            }

            ahead.Add(Ahead.AheadBytes);
        }

        Assert.Equal([100, 200, 400, 300, 400, 300, 400], ahead);
    }

    [Fact]
    public void Window_begins_behind_what_is_loaded_already()
    {
        Read(0);
        ReadAheadWindow first = Read(1)!;
        Assert.Equal(2, first.From.Value);
        Ahead.Complete(first, new Offset(3), Fetch);
        Assert.Equal(3, Read(2)!.From.Value);
    }

    [Fact]
    public void Nothing_more_is_loaded_while_a_window_is_on_its_way()
    {
        Read(0);
        ReadAheadWindow first = Read(1)!;
        Assert.Null(Read(2));
        Ahead.Complete(first, new Offset(3), Fetch);
        Assert.NotNull(Read(3));
    }

    [Fact]
    public void What_could_not_be_loaded_is_given_back()
    {
        Read(0);
        ReadAheadWindow window = Read(1)!;
        Assert.Equal(100, Ahead.AheadBytes);
        Ahead.Complete(window, window.From, 0);
        Assert.Equal(0, Ahead.AheadBytes);
    }

    [Fact]
    public void All_windows_together_stay_below_the_bound()
    {
        for (int reader = 0; reader < 30; reader++)
        {
            StreamId stream = new(reader);
            for (long offset = 0; offset < 6; offset++)
            {
                if (Ahead.OnRead(stream, new Offset(offset), new Offset(offset + 1), Fetch) is { } window)
                {
                    Ahead.Complete(window, window.From + 1, window.Bytes);
                }

                Assert.InRange(Ahead.AheadBytes, 0, _options.TotalBytes);
            }
        }

        Assert.True(Ahead.AheadBytes > _options.TotalBytes / 2);
    }

    [Fact]
    public void Readers_share_what_may_be_loaded_ahead()
    {
        Dictionary<int, long> got = [];
        for (long offset = 0; offset < 8; offset++)
        {
            for (int reader = 0; reader < 10; reader++)
            {
                if (Ahead.OnRead(new StreamId(reader), new Offset(offset), new Offset(offset + 1), Fetch) is { } window)
                {
                    got[reader] = got.GetValueOrDefault(reader) + window.Bytes;
                    Ahead.Complete(window, window.From + 1, window.Bytes);
                }
            }
        }

        Assert.Equal(10, got.Count);
        Assert.All(got.Values, bytes => Assert.InRange(bytes, 3 * Fetch, 8 * _options.MaxBytes));
    }

    [Fact]
    public void Reader_that_is_not_heard_of_gives_its_share_back()
    {
        Read(0);
        ReadAheadWindow window = Read(1)!;
        _time.Elapsed += TimeSpan.FromSeconds(11);
        Assert.Null(Ahead.OnRead(new StreamId(2), Offset.Zero, new Offset(1), Fetch));
        Assert.Equal(0, Ahead.AheadBytes);

        Ahead.Complete(window, new Offset(3), Fetch);
        Assert.Equal(0, Ahead.AheadBytes);
    }

    [Fact]
    public void Second_reader_at_the_same_place_adds_no_window()
    {
        Read(0);
        Ahead.OnRead(Stream, new Offset(40), new Offset(41), Fetch);
        ReadAheadWindow first = Read(1)!;
        Assert.Null(Ahead.OnRead(Stream, new Offset(1), new Offset(2), Fetch));
        Assert.Equal(first.Bytes, Ahead.AheadBytes);
        Ahead.Complete(first, new Offset(3), Fetch);
        Assert.NotNull(Read(2));
    }

    private ReadAheadWindow? Read(long offset) => Ahead.OnRead(Stream, new Offset(offset), new Offset(offset + 1), Fetch);
}
