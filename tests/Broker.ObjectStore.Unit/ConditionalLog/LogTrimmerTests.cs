using System.Collections.Concurrent;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.ConditionalLogs.LogFixture;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>What trims ask of the store, and what they leave.</summary>
public sealed class LogTrimmerTests
{
    private readonly InMemoryObjectStore _store = new();
    private readonly ConcurrentQueue<StoreRequest> _requests = [];
    private StoreRequest? _failing;

    [Fact]
    public async Task Second_trim_of_a_writer_is_one_put_and_its_deletes()
    {
        (ConditionalLog log, _) = await OpenAsync(Watched(), Options(1));
        await FillAsync(log, 4);
        await log.TrimAsync(log.PositionAfter(1), default);
        _requests.Clear();

        await log.TrimAsync(log.PositionAfter(4), default);

        Assert.Equal([StoreRequest.Put, StoreRequest.Delete, StoreRequest.Delete, StoreRequest.Delete], _requests);
        Assert.Equal(["log/0000000000000000000", "log/boundary"], _store.Keys);
    }

    [Fact]
    public async Task Slots_that_could_not_be_deleted_go_with_the_next_trim()
    {
        (ConditionalLog log, _) = await OpenAsync(Watched(), Options(1));
        await FillAsync(log, 4);
        _failing = StoreRequest.Delete;
        await FailsAsync(StorageErrorKind.Unavailable, async () => await log.TrimAsync(log.PositionAfter(2), default));
        _failing = null;

        await log.TrimAsync(log.PositionAfter(3), default);

        Assert.Equal(["log/0000000000000000000", "log/0000000000000000004", "log/boundary"], _store.Keys);
    }

    [Fact]
    public async Task Late_trim_of_a_fenced_owner_leaves_the_fences_and_entries_of_the_next()
    {
        (ConditionalLog first, _) = await OpenAsync(_store, Options(1));
        await FillAsync(first, 3);
        await first.TrimAsync(first.PositionAfter(1), default);
        (ConditionalLog next, _) = await OpenAsync(_store, Options(2));
        await FillAsync(next, 3);
        _failing = StoreRequest.Delete;
        (ConditionalLog last, _) = await OpenAsync(Watched(), Options(3));
        await FillAsync(last, 2);
        await FailsAsync(StorageErrorKind.Unavailable, async () => await last.TrimAsync(last.Tail, default));

        // The boundary lies beyond all that it wrote, and what it has to delete is others'.
        await first.TrimAsync(first.Tail, default);

        Assert.Equal(["log/0000000000000000000", "log/0000000000000000004", "log/0000000000000000008", "log/boundary"], _store.Keys);
    }

    private FaultyObjectStore Watched() => new(_store, (request, _, _) =>
    {
        _requests.Enqueue(request);
        return request == _failing ? Fault.Refuse : Fault.None;
    });

    private static async Task FillAsync(ConditionalLog log, int entries)
    {
        for (int i = 0; i < entries; i++)
        {
            await log.AppendAsync($"{i}");
        }
    }
}
