using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Unit.Cache;

public sealed class BlockCacheTests(ITestOutputHelper output) : IDisposable
{
    private const int BlockBytes = 1000;
    private static readonly ObjectKey Object = new("data/1");
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly BufferPool _buffers = new(new BufferPoolOptions());

    /// <summary>Whatever a test did: nobody holds a buffer afterwards.</summary>
    public void Dispose() => Assert.Equal(0, _buffers.OutstandingBytes);

    [Fact]
    public async Task Many_readers_of_one_block_cause_one_load()
    {
        using BlockCache cache = Create(10);
        TaskCompletionSource store = new();
        int loads = 0;
        Task<IReadOnlyList<BufferLease>>[] readers = [.. Enumerable.Range(0, 50).Select(_ => cache.GetOrLoadAsync(
            [Request(1)],
            async (first, destinations, _) =>
            {
                loads++;
                await store.Task;
                Fill(destinations, 1);
            },
            None).AsTask())];
        Assert.All(readers, reader => Assert.False(reader.IsCompleted));
        store.SetResult();
        foreach (IReadOnlyList<BufferLease> blocks in await Task.WhenAll(readers))
        {
            Assert.Equal(1, Take(blocks).Single());
        }

        Assert.Equal(1, loads);
        Assert.Equal(1, await GetAsync(cache, 1, Unexpected));
        Assert.Equal((50, 1), (cache.Hits, cache.Misses));
    }

    [Fact]
    public async Task Neighbouring_missing_blocks_are_loaded_in_one_call()
    {
        using BlockCache cache = Create(10);
        await GetAsync(cache, 2, Loader(2));
        List<(int, int)> calls = [];
        IReadOnlyList<BufferLease> blocks = await cache.GetOrLoadAsync(
            [.. Enumerable.Range(0, 6).Select(block => Request(block))],
            (first, destinations, _) =>
            {
                calls.Add((first, destinations.Count));
                Fill(destinations, first);
                return ValueTask.CompletedTask;
            },
            None);
        Assert.Equal([(0, 2), (3, 3)], calls);
        Assert.Equal([0, 1, 2, 3, 4, 5], Take(blocks));
    }

    [Fact]
    public async Task Failed_load_fails_its_waiters_and_is_not_kept()
    {
        using BlockCache cache = Create(10);
        await GetAsync(cache, 0, Loader(0));
        StorageException error = new(StorageErrorKind.Unavailable, "away");
        StorageException seen = await Assert.ThrowsAsync<StorageException>(async () => await cache.GetOrLoadAsync(
            [Request(0), Request(1), Request(2)], (_, _, _) => throw error, None));
        Assert.Same(error, seen);
        Assert.Equal(1, await GetAsync(cache, 1, Loader(1)));
    }

    [Fact]
    public async Task Cancelled_reader_stops_waiting_and_the_others_get_their_block()
    {
        using BlockCache cache = Create(10);
        using CancellationTokenSource cancelled = new();
        TaskCompletionSource store = new();
        Task<IReadOnlyList<BufferLease>> first = cache.GetOrLoadAsync([Request(1)], Loader(1, store.Task), cancelled.Token).AsTask();
        Task<int> second = GetAsync(cache, 1, Unexpected);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        store.SetResult();
        Assert.Equal(1, await second);
    }

    [Fact]
    public async Task Block_that_was_loaded_ahead_is_there_for_its_reader_and_not_loaded_twice()
    {
        using BlockCache cache = Create(10);
        await GetAsync(cache, 1, Loader(1));
        List<(int, int)> calls = [];
        await cache.LoadAheadAsync(
            [Request(0), Request(1), Request(2)],
            (first, destinations, _) =>
            {
                calls.Add((first, destinations.Count));
                Fill(destinations, first);
                return ValueTask.CompletedTask;
            });
        Assert.Equal([(0, 1), (2, 1)], calls);
        Assert.Equal(2, await GetAsync(cache, 2, Unexpected));
    }

    [Fact]
    public async Task Reader_joins_a_load_ahead_that_is_under_way_and_hears_of_its_failure()
    {
        using BlockCache cache = Create(10);
        TaskCompletionSource store = new();
        Task ahead = cache.LoadAheadAsync([Request(1)], Loader(1, store.Task));
        Task<int> reader = GetAsync(cache, 1, Unexpected);
        store.SetException(new StorageException(StorageErrorKind.Unavailable, "away"));
        await ahead;
        await Assert.ThrowsAsync<StorageException>(() => reader);
        Assert.Equal(1, await GetAsync(cache, 1, Loader(1)));
    }

    /// <summary>What was consumed makes room for what is about to be, although only the former was ever hit.</summary>
    [Fact]
    public async Task Blocks_loaded_ahead_are_not_evicted_before_those_already_consumed()
    {
        using BlockCache cache = Create(8);
        for (int i = 0; i < 100; i += 2)
        {
            await cache.LoadAheadAsync([Request(i), Request(i + 1)], Loader(i));
            if (i >= 4)
            {
                Assert.Equal(i - 4, await GetAsync(cache, i - 4, Unexpected));
                Assert.Equal(i - 3, await GetAsync(cache, i - 3, Unexpected));
            }
        }
    }

    /// <summary>A fetch ends within a block, with which the next one begins: that is one use of it in two steps.</summary>
    [Fact]
    public async Task Blocks_loaded_ahead_outlast_consumed_ones_that_two_reads_shared()
    {
        using BlockCache cache = Create(12);
        for (int i = 0; i < 100; i++)
        {
            await cache.LoadAheadAsync([Request(i)], Loader(i));
            if (i >= 6)
            {
                Assert.Equal(i - 6, await GetAsync(cache, i - 6, Unexpected));
                Assert.Equal(i - 5, await GetAsync(cache, i - 5, Unexpected));
            }
        }
    }

    [Fact]
    public async Task Evicted_block_stays_whole_for_the_reader_that_holds_it()
    {
        using BlockCache cache = Create(4);
        IReadOnlyList<BufferLease> held = await cache.GetOrLoadAsync([Request(1)], Loader(1), None);
        for (int i = 2; i < 50; i++)
        {
            Assert.Equal(i, await GetAsync(cache, i, Loader(i)));
        }

        int reloads = 0;
        await GetAsync(cache, 1, (first, destinations, ct) =>
        {
            reloads++;
            return Loader(1)(first, destinations, ct);
        });
        Assert.Equal(1, reloads);
        Assert.All(held[0].Memory.ToArray(), value => Assert.Equal(1, value));
        Take(held);
    }

    [Fact]
    public async Task Cache_stays_within_its_bound_and_spares_what_is_read_again()
    {
        using BlockCache cache = Create(10);
        int loadsOfHot = 0;
        for (int i = 1; i < 200; i++)
        {
            await GetAsync(cache, i, Loader(i));
            await GetAsync(cache, 0, (first, destinations, ct) =>
            {
                loadsOfHot++;
                return Loader(0)(first, destinations, ct);
            });
            Assert.InRange(cache.SizeBytes, 1, cache.CapacityBytes);
            Assert.InRange(_buffers.OutstandingBytes, 1, cache.CapacityBytes);
        }

        Assert.Equal(1, loadsOfHot);
    }

    [Fact]
    public async Task Scan_of_the_store_reuses_the_buffers_of_what_it_evicts()
    {
        using BlockCache cache = Create(10);
        for (int i = 0; i < 200; i++)
        {
            await GetAsync(cache, i, Loader(i));
            Assert.InRange(_buffers.OutstandingBytes + _buffers.RetainedBytes, 1, cache.CapacityBytes);
        }
    }

    [Fact]
    public async Task Loads_wait_their_turn_when_half_of_the_cache_is_being_loaded()
    {
        using BlockCache cache = Create(10);
        TaskCompletionSource store = new();
        int begun = 0;
        Task<int>[] readers = [.. Enumerable.Range(0, 20).Select(block => GetAsync(cache, block, async (first, destinations, _) =>
        {
            Interlocked.Increment(ref begun);
            await store.Task;
            Fill(destinations, block);
        }))];
        Assert.Equal(5, begun);
        Assert.InRange(_buffers.OutstandingBytes, 1, cache.CapacityBytes / 2);
        store.SetResult();
        Assert.Equal(Enumerable.Range(0, 20), await Task.WhenAll(readers));
    }

    [Fact]
    public async Task Load_larger_than_the_cache_goes_alone_and_leaves_it_within_its_bound()
    {
        using BlockCache cache = Create(10);
        IReadOnlyList<BufferLease> many = await cache.GetOrLoadAsync([.. Enumerable.Range(0, 30).Select(block => Request(block))], Loader(0), None);
        Assert.Equal(Enumerable.Range(0, 30), Take(many));
        Assert.InRange(cache.SizeBytes, 1, cache.CapacityBytes);
        long before = cache.SizeBytes;
        IReadOnlyList<BufferLease> huge = await cache.GetOrLoadAsync([new BlockRequest(Key(99), (int)cache.CapacityBytes / 2)], Loader(99), None);
        Take(huge);
        Assert.InRange(cache.SizeBytes, 0, before);
        await GetAsync(cache, 99, Loader(99));
        Assert.Equal(32, cache.Misses);
    }

    [Fact]
    public async Task Disposal_cancels_loads_and_releases_all_buffers()
    {
        BlockCache cache = Create(10);
        await GetAsync(cache, 0, Loader(0));
        Task<int> reader = GetAsync(cache, 1, async (_, _, ct) => await Task.Delay(Timeout.Infinite, ct));
        cache.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => GetAsync(cache, 0, Unexpected));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Readers_that_race_cancel_and_fail_get_right_bytes_and_leak_nothing(int seed)
    {
        output.WriteLine($"seed {seed}");
        using BlockCache cache = Create(8);
        Task[] readers = [.. Enumerable.Range(0, 8).Select(reader => ReadAtRandomAsync(cache, new Random((seed * 100) + reader)))];
        await Task.WhenAll(readers);
        await EndLoadsThatNobodyAwaitsAsync(cache);
        Assert.InRange(cache.SizeBytes, 1, cache.CapacityBytes);
    }

    // A cancelled reader's load goes on; whoever asks for its block joins it.
    private static async Task EndLoadsThatNobodyAwaitsAsync(BlockCache cache)
    {
        for (int block = 0; block < 40; block++)
        {
            try
            {
                await GetAsync(cache, block, Loader(block));
            }
            catch (StorageException)
            {
                // It was one of those that fail; it has ended.
            }
        }
    }

    private static async Task ReadAtRandomAsync(BlockCache cache, Random random)
    {
        for (int i = 0; i < 500; i++)
        {
            await Task.Yield();
            int from = random.Next(30);
            int count = random.Next(1, 5);
            bool fails = random.Next(10) == 0;
            int pauses = random.Next(4);
            using CancellationTokenSource cancellation = new();
            Task<IReadOnlyList<BufferLease>> reading = cache.GetOrLoadAsync(
                [.. Enumerable.Range(from, count).Select(block => Request(block))],
                async (first, destinations, _) =>
                {
                    for (int pause = 0; pause < pauses; pause++)
                    {
                        await Task.Yield();
                    }

                    Fill(destinations, from + first);
                    if (fails)
                    {
                        throw new StorageException(StorageErrorKind.Unavailable, "away");
                    }
                },
                cancellation.Token).AsTask();
            if (random.Next(5) == 0)
            {
                await cancellation.CancelAsync();
            }

            try
            {
                Assert.Equal(Enumerable.Range(from, count), Take(await reading));
            }
            catch (Exception error) when (error is OperationCanceledException or StorageException)
            {
                // What it asked for; the buffers must come back all the same.
            }
        }
    }

    private BlockCache Create(int blocks) =>
        new(new BlockCacheOptions { CapacityBytes = blocks * (BufferPool.CapacityOf(BlockBytes) + SieveList.EntryOverheadBytes) }, _buffers);

    private static BlockKey Key(int block) => new(Object, block);

    private static BlockRequest Request(int block) => new(Key(block), BlockBytes);

    private static async Task<int> GetAsync(BlockCache cache, int block, BlockLoader load) =>
        Take(await cache.GetOrLoadAsync([Request(block)], load, None)).Single();

    /// <summary>What is in the blocks, all of whose bytes must agree; releases them.</summary>
    private static List<int> Take(IReadOnlyList<BufferLease> blocks)
    {
        List<int> numbers = [];
        foreach (BufferLease block in blocks)
        {
            Assert.Equal(-1, block.Memory.Span.IndexOfAnyExcept(block.Memory.Span[0]));
            numbers.Add(block.Memory.Span[0]);
            block.Release();
        }

        return numbers;
    }

    private static BlockLoader Loader(int block, Task? store = null) => async (first, destinations, _) =>
    {
        await (store ?? Task.CompletedTask);
        Fill(destinations, block + first);
    };

    private static void Fill(IReadOnlyList<Memory<byte>> destinations, int number)
    {
        foreach (Memory<byte> destination in destinations)
        {
            destination.Span.Fill((byte)number++);
        }
    }

    private static ValueTask Unexpected(int first, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) =>
        throw new InvalidOperationException("a second load");
}
