using System.Buffers;
using Broker.ObjectStore.Inspection;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Stores;

/// <summary>Stores that do not do what they should are told by the operation that shows it. Those that do: see the contract suite.</summary>
public sealed class StoreCheckTests
{
    private readonly InMemoryObjectStore _inner = new();

    [Fact]
    public async Task Store_that_ignores_conditions_is_told()
    {
        string[] failed = await FailedAsync(new Flawed(_inner) { IgnoresConditions = true });

        Assert.Equal(["refuse to create it again", "let one of many creators win", "refuse to replace it if changed"], failed);
    }

    [Fact]
    public async Task Store_that_loses_metadata_is_told()
    {
        Assert.Equal(["describe it, with the id of its write"], await FailedAsync(new Flawed(_inner) { LosesWriteIds = true }));
    }

    [Fact]
    public async Task Store_that_ignores_ranges_is_told()
    {
        Assert.Equal(["read a range", "read its end"], await FailedAsync(new Flawed(_inner) { IgnoresRanges = true }));
    }

    [Fact]
    public async Task Store_that_lists_in_another_order_or_without_a_beginning_is_told()
    {
        Assert.Equal(["list a prefix in order"], await FailedAsync(new Flawed(_inner) { ListsBackwards = true }));
        Assert.Equal(["list a prefix in order"], await FailedAsync(new Flawed(_inner) { IgnoresStartAfter = true }));
    }

    [Fact]
    public async Task Store_that_does_not_delete_is_told()
    {
        Assert.Equal(["delete, also what is gone"], await FailedAsync(new Flawed(_inner) { KeepsDeleted = true }));
    }

    [Fact]
    public async Task Store_that_does_not_answer_is_asked_once()
    {
        FaultyObjectStore away = new(_inner, (_, _, _) => Fault.Refuse);

        Assert.Equal(["create an object if absent"], await FailedAsync(away));
        Assert.Equal(1, away.Requests);
    }

    [Fact]
    public async Task Store_that_leaves_the_first_put_without_an_answer_is_asked_once()
    {
        FaultyObjectStore hanging = new(_inner, (_, _, _) => Fault.UnknownLost);

        Assert.Equal(["create an object if absent"], await FailedAsync(hanging));
        Assert.Equal(1, hanging.Requests);
    }

    [Fact]
    public async Task Store_that_stops_answering_is_asked_twice_more_and_one_that_drops_a_request_is_asked_on()
    {
        int requests = 0;
        FaultyObjectStore stopping = new(_inner, (_, _, _) => ++requests > 2 ? Fault.UnknownLost : Fault.None);
        Assert.Equal(["let one of many creators win", "replace it if unchanged"], await FailedAsync(stopping));

        requests = 0;
        FaultyObjectStore dropping = new(_inner, (_, _, _) => ++requests == 2 ? Fault.Refuse : Fault.None);
        Assert.Equal(["refuse to create it again"], await FailedAsync(dropping));
    }

    [Fact]
    public async Task Nothing_is_left_in_the_store()
    {
        Assert.Empty(await FailedAsync(_inner));
        Assert.Empty(_inner.Keys);
    }

    private static async Task<string[]> FailedAsync(IObjectStore store)
    {
        List<string> failed = [];
        await foreach (StoreCheckResult result in new StoreCheck(store, new SystemIdSource(), TimeProvider.System).RunAsync(CancellationToken.None))
        {
            if (result.Failure is not null)
            {
                failed.Add(result.Name);
            }
        }

        return [.. failed];
    }

    private sealed class Flawed(IObjectStore inner) : IObjectStore
    {
        public bool IgnoresConditions { get; init; }

        public bool LosesWriteIds { get; init; }

        public bool IgnoresRanges { get; init; }

        public bool ListsBackwards { get; init; }

        public bool IgnoresStartAfter { get; init; }

        public bool KeepsDeleted { get; init; }

        public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct) =>
            inner.PutAsync(key, body, IgnoresConditions ? PutCondition.None.WithWriteId(condition.WriteId) : condition, ct);

        public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct) => inner.GetAsync(key, range, ct);

        public async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) =>
            await inner.ReadAsync(key, IgnoresRanges && !range.IsAll ? new ByteRange(0, destinations[0].Length) : range, destinations, ct);

        public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) =>
            await inner.HeadAsync(key, ct) is { } info ? LosesWriteIds ? info with { WriteId = Guid.Empty } : info : null;

        public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
        {
            List<ObjectInfo> all = [];
            await foreach (ObjectInfo info in inner.ListAsync(prefix, IgnoresStartAfter ? null : startAfter, ct))
            {
                all.Add(info);
            }

            foreach (ObjectInfo info in ListsBackwards ? Enumerable.Reverse(all) : all)
            {
                yield return info;
            }
        }

        public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => KeepsDeleted ? ValueTask.CompletedTask : inner.DeleteAsync(key, ct);

        public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

        public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);
    }
}
