using System.Buffers;
using System.Text;
using Broker.ObjectStore.Inspection;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>What every <see cref="IObjectStore"/> must do. A store passes by deriving a class that opens it.</summary>
public abstract partial class ObjectStoreContract : IAsyncLifetime
{
    /// <summary>A client of the store under test; every call gives another client of the same, at first empty, store.</summary>
    protected abstract IObjectStore OpenClient();

    /// <summary>Whether the opening of the store, not a call, removes what dead processes left of uploads in parts.</summary>
    protected virtual bool RemovesPartsWhenOpened => false;

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync() => Task.CompletedTask;

    protected static ReadOnlySequence<byte> Body(string text) => new(Encoding.UTF8.GetBytes(text));

    protected static async Task<string> ReadAsync(IObjectStore store, string key)
        => Encoding.UTF8.GetString((await store.GetAsync(new ObjectKey(key), ByteRange.All, default)).Span);

    /// <summary>Asks again while the store is Unavailable, which it may be: Ceph's gateway answers 500 to some reads of what is being overwritten.</summary>
    protected static async Task<T> PatientlyAsync<T>(Func<ValueTask<T>> request)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                return await request();
            }
            catch (StorageException error) when (error.Kind == StorageErrorKind.Unavailable && tries < 100)
            {
                await Task.Yield();
            }
        }
    }

    protected static async Task<List<string>> ListAsync(IObjectStore store, string prefix, string? startAfter = null)
    {
        List<string> keys = [];
        await foreach (ObjectInfo info in store.ListAsync(prefix, startAfter, default))
        {
            keys.Add(info.Key.Value);
        }

        return keys;
    }

    protected static async Task<StorageErrorKind> KindOfAsync(Func<Task> action)
        => (await Assert.ThrowsAsync<StorageException>(action)).Kind;

    [SkippableFact]
    public async Task The_store_check_finds_nothing_wrong()
    {
        List<string> failures = [];
        await foreach (StoreCheckResult result in new StoreCheck(OpenClient(), new SystemIdSource(), TimeProvider.System).RunAsync(default))
        {
            failures.AddRange(result.Failure is null ? [] : [$"{result.Name}: {result.Failure}"]);
        }

        Assert.Empty(failures);
    }

    [SkippableFact]
    public async Task Get_returns_what_was_put_and_the_last_put_wins()
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("a/b");
        Assert.Equal(PutOutcome.Written, (await store.PutAsync(key, Body("one"), PutCondition.None, default)).Outcome);
        Assert.Equal("one", await ReadAsync(OpenClient(), "a/b"));
        await store.PutAsync(key, Body("two"), PutCondition.None, default);
        Assert.Equal("two", await ReadAsync(OpenClient(), "a/b"));
    }

    [SkippableFact]
    public async Task Get_of_a_missing_object_is_NotFound_and_head_is_null()
    {
        IObjectStore store = OpenClient();
        await store.PutAsync(new ObjectKey("dir/there"), Body("x"), PutCondition.None, default);
        foreach (string key in new[] { "nothing", "dir", "dir/there/below", "dir/ther" })
        {
            Assert.Equal(StorageErrorKind.NotFound, await KindOfAsync(() => ReadAsync(store, key)));
            Assert.Null(await store.HeadAsync(new ObjectKey(key), default));
        }
    }

    [SkippableFact]
    public async Task Head_tells_size_etag_and_write_id()
    {
        IObjectStore store = OpenClient();
        Guid writeId = Guid.NewGuid();
        PutResult put = await store.PutAsync(new ObjectKey("k"), Body("12345"), PutCondition.IfAbsent.WithWriteId(writeId), default);
        ObjectInfo info = (await OpenClient().HeadAsync(new ObjectKey("k"), default))!;
        Assert.Equal(5, info.SizeBytes);
        Assert.Equal(put.ETag, info.ETag);
        Assert.Equal(writeId, info.WriteId);
        Assert.Equal("k", info.Key.Value);
        await store.PutAsync(new ObjectKey("plain"), Body("1"), PutCondition.None, default);
        Assert.Null((await store.HeadAsync(new ObjectKey("plain"), default))!.WriteId);
    }

    [SkippableFact]
    public async Task Put_if_absent_fails_when_the_object_exists_and_leaves_it_alone()
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("slot");
        Assert.Equal(PutOutcome.Written, (await store.PutAsync(key, Body("first"), PutCondition.IfAbsent, default)).Outcome);
        Assert.Equal(PutOutcome.ConditionFailed, (await store.PutAsync(key, Body("second"), PutCondition.IfAbsent, default)).Outcome);
        Assert.Equal("first", await ReadAsync(store, "slot"));
        await store.DeleteAsync(key, default);
        Assert.Equal(PutOutcome.Written, (await store.PutAsync(key, Body("third"), PutCondition.IfAbsent, default)).Outcome);
    }

    [SkippableFact]
    public async Task Put_if_match_needs_the_present_etag()
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("boundary");
        Assert.Equal(PutOutcome.ConditionFailed, (await store.PutAsync(key, Body("0"), PutCondition.IfMatch("\"none\""), default)).Outcome);
        string first = (await store.PutAsync(key, Body("1"), PutCondition.None, default)).ETag!;
        PutResult second = await store.PutAsync(key, Body("2"), PutCondition.IfMatch(first), default);
        Assert.Equal(PutOutcome.Written, second.Outcome);
        Assert.NotEqual(first, second.ETag);
        Assert.Equal(PutOutcome.ConditionFailed, (await store.PutAsync(key, Body("3"), PutCondition.IfMatch(first), default)).Outcome);
        Assert.Equal("2", await ReadAsync(store, "boundary"));
        await store.DeleteAsync(key, default);
        Assert.Equal(PutOutcome.ConditionFailed, (await store.PutAsync(key, Body("4"), PutCondition.IfMatch(second.ETag!), default)).Outcome);
    }

    [SkippableFact]
    public async Task Put_if_absent_has_exactly_one_winner_among_racing_clients()
    {
        const int Writers = 16;
        const int Rounds = 40;
        IObjectStore[] clients = [.. Enumerable.Range(0, Writers).Select(i => i < 4 ? OpenClient() : null!)];
        for (int round = 0; round < Rounds; round++)
        {
            ObjectKey key = new($"race/{round}");
            using Barrier start = new(Writers);
            PutResult[] results = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    return clients[writer % 4].PutAsync(key, Body($"writer {writer}"), PutCondition.IfAbsent, default).AsTask();
                },
                default,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap()));
            int winner = Assert.Single(Enumerable.Range(0, Writers), writer => results[writer].Outcome == PutOutcome.Written);
            Assert.Equal(Writers - 1, results.Count(result => result.Outcome == PutOutcome.ConditionFailed));
            Assert.Equal($"writer {winner}", await ReadAsync(clients[0], key.Value));
        }
    }

    [SkippableFact]
    public async Task Put_if_match_loses_no_update_among_racing_clients()
    {
        const int Writers = 8;
        const int Increments = 15;
        ObjectKey key = new("counter");
        await OpenClient().PutAsync(key, Body("0"), PutCondition.None, default);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(async () =>
        {
            IObjectStore client = OpenClient();
            for (int done = 0; done < Increments;)
            {
                ObjectInfo info = (await PatientlyAsync(() => client.HeadAsync(key, default)))!;
                int value = int.Parse(await PatientlyAsync(async () => await ReadAsync(client, "counter")));
                PutResult result = await client.PutAsync(key, Body($"{value + 1}"), PutCondition.IfMatch(info.ETag), default);
                done += result.Outcome == PutOutcome.Written ? 1 : 0;
            }
        })));
        Assert.Equal($"{Writers * Increments}", await ReadAsync(OpenClient(), "counter"));
    }

    [SkippableFact]
    public async Task Delete_is_idempotent_and_takes_the_object_alone()
    {
        IObjectStore store = OpenClient();
        foreach (string key in new[] { "d", "d/e", "d/f" })
        {
            await store.PutAsync(new ObjectKey(key), Body(key), PutCondition.None, default);
        }

        await store.DeleteAsync(new ObjectKey("d/e"), default);
        await store.DeleteAsync(new ObjectKey("d/e"), default);
        await store.DeleteAsync(new ObjectKey("never/was"), default);
        Assert.Equal(["d", "d/f"], await ListAsync(store, ""));
    }

    [SkippableFact]
    public async Task Many_are_deleted_whether_or_not_they_exist_and_no_others()
    {
        // More than S3's servers are asked for in one request; and what means something in XML, or in a URL.
        const int Count = 230;
        IObjectStore store = OpenClient();
        ObjectKey[] keys = [.. Enumerable.Range(0, Count).Select(i => new ObjectKey($"many/{i:D3}")), new ObjectKey("many/a&b<c>'d\"+%20é")];
        foreach (ObjectKey key in keys.Append(new ObjectKey("other")))
        {
            await store.PutAsync(key, Body("x"), PutCondition.None, default);
        }

        await store.DeleteManyAsync([], default);
        Assert.Equal(Count + 2, (await ListAsync(store, "")).Count);
        await store.DeleteManyAsync([.. keys[1..], new ObjectKey("many/never")], default);
        Assert.Equal(["many/000", "other"], await ListAsync(store, ""));
        await store.DeleteManyAsync(keys, default);
        Assert.Equal(["other"], await ListAsync(store, ""));
    }

    [SkippableFact]
    public async Task List_is_in_the_order_of_key_bytes_with_prefix_and_start()
    {
        IObjectStore store = OpenClient();
        string long80 = new('x', 80);
        string[] keys =
        [
            "a", "a-b", "a.b", "a/b", "a/b/c", "a/b-", "a0", "A", "Z/z", "ä/ö", "\u20ac", "😀/x", "\uffee", "b c", "b+c", "b%2Fc", "b:c*?\"<>|\\",
            long80, long80 + "/y", long80 + "-", long80 + "z", long80 + long80 + "/q", new string('y', 300), "con", "nul.txt", ".hidden", "a..b",
        ];
        foreach (string key in keys)
        {
            await store.PutAsync(new ObjectKey(key), Body(key), PutCondition.IfAbsent, default);
        }

        string[] ordered = [.. keys.OrderBy(key => key, Comparer<string>.Create(
            (x, y) => Encoding.UTF8.GetBytes(x).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y))))];
        Assert.Equal(ordered, await ListAsync(store, ""));
        Assert.Equal(ordered.Where(key => key.StartsWith("a/", StringComparison.Ordinal)), await ListAsync(store, "a/"));
        Assert.Equal(ordered.Where(key => key.StartsWith("a/b", StringComparison.Ordinal)), await ListAsync(store, "a/b"));
        Assert.Equal(ordered.Where(key => key.StartsWith("xxx", StringComparison.Ordinal)), await ListAsync(store, "xxx"));
        Assert.Empty(await ListAsync(store, "no/such"));
        for (int i = 0; i < ordered.Length; i++)
        {
            Assert.Equal(ordered[(i + 1)..], await ListAsync(store, "", ordered[i]));
            Assert.Equal(ordered[i], await ReadAsync(store, ordered[i]));
        }

        Assert.Equal(["a/b/c"], (await ListAsync(store, "a/", "a/b-")).Where(key => key != "a/b"));
        Assert.Empty(await ListAsync(store, "a/", "a0"));
    }

    [SkippableFact]
    public async Task List_of_more_than_a_page_is_complete()
    {
        IObjectStore store = OpenClient();
        string[] keys = [.. Enumerable.Range(0, 2_500).Select(i => $"log/{i:D5}")];
        await Parallel.ForEachAsync(keys, async (key, ct) => await store.PutAsync(new ObjectKey(key), Body("x"), PutCondition.IfAbsent, ct));
        Assert.Equal(keys, await ListAsync(store, "log/"));
        Assert.Equal(keys[1_001..], await ListAsync(store, "log/", "log/01000"));
    }

    [SkippableFact]
    public async Task A_key_of_1024_bytes_works()
    {
        IObjectStore store = OpenClient();
        string[] keys = [new string('k', 1024), string.Concat(Enumerable.Repeat("é", 512)), string.Join('/', Enumerable.Repeat("ab", 341)) + "c"];
        foreach (string key in keys)
        {
            await store.PutAsync(new ObjectKey(key), Body("v"), PutCondition.None, default);
            Assert.Equal("v", await ReadAsync(store, key));
            Assert.Equal([key], await ListAsync(store, key[..(key.Length / 2)]));
            await store.DeleteAsync(new ObjectKey(key), default);
        }
    }

    [SkippableFact]
    public async Task Readers_during_overwrites_see_one_version_never_a_mix()
    {
        const int Versions = 60;
        ObjectKey key = new("mixed");
        byte[] Version(int value) => [.. Enumerable.Repeat((byte)value, 200_000 + (value * 100))];
        IObjectStore writer = OpenClient();
        await writer.PutAsync(key, new ReadOnlySequence<byte>(Version(0)), PutCondition.None, default);
        using CancellationTokenSource done = new();
        Task[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            IObjectStore reader = OpenClient();
            do
            {
                ReadOnlyMemory<byte> bytes = await PatientlyAsync(() => reader.GetAsync(key, ByteRange.All, default));
                byte first = bytes.Span[0];
                Assert.Equal(200_000 + (first * 100), bytes.Length);
                Assert.Equal(-1, bytes.Span.IndexOfAnyExcept(first));
            }
            while (!done.IsCancellationRequested);
        }))];
        for (int value = 1; value <= Versions; value++)
        {
            await writer.PutAsync(key, new ReadOnlySequence<byte>(Version(value)), PutCondition.None, default);
        }

        await done.CancelAsync();
        await Task.WhenAll(readers);
    }

    [SkippableFact]
    public async Task A_cancelled_call_throws_and_changes_nothing()
    {
        IObjectStore store = OpenClient();
        CancellationToken cancelled = new(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await store.PutAsync(new ObjectKey("k"), Body("v"), PutCondition.None, cancelled));
        Assert.Null(await store.HeadAsync(new ObjectKey("k"), default));
    }
}

/// <summary>Cuts bytes into a sequence of many segments.</summary>
public static class Segments
{
    public static ReadOnlySequence<byte> Of(byte[] bytes, int segmentBytes)
    {
        Segment first = new(bytes.AsMemory(0, Math.Min(segmentBytes, bytes.Length)), 0);
        Segment last = first;
        for (int position = segmentBytes; position < bytes.Length; position += segmentBytes)
        {
            last = last.Append(bytes.AsMemory(position, Math.Min(segmentBytes, bytes.Length - position)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        internal Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        internal Segment Append(ReadOnlyMemory<byte> memory)
        {
            Segment next = new(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
