using System.Buffers;
using System.Text;
using Broker.Shared;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.ConditionalLogs.LogFixture;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>What a WAL asks of its log beyond what the metadata do.</summary>
public sealed class ConditionalLogOptionTests
{
    private readonly InMemoryObjectStore _store = new();

    [Fact]
    public async Task An_opener_whose_epochs_are_used_up_is_Fenced_and_leaves_the_owner_alone_G2()
    {
        (ConditionalLog owner, _) = await OpenAsync(_store, Options(1) with { MinEpoch = 20, MaxEpoch = 29 });
        IReadOnlyList<string> keys = _store.Keys;

        await FailsAsync(StorageErrorKind.Fenced, () => OpenAsync(_store, Options(2) with { MinEpoch = 10, MaxEpoch = 19 }));
        await FailsAsync(StorageErrorKind.Fenced, () => OpenAsync(_store, Options(2) with { MinEpoch = 11, MaxEpoch = 20 }));

        Assert.Equal(keys, _store.Keys);
        await owner.AppendAsync("a");
        (ConditionalLog next, _) = await OpenAsync(_store, Options(3) with { MinEpoch = 20, MaxEpoch = 29 });
        Assert.Equal(21, next.Epoch);
    }

    [Fact]
    public async Task A_log_that_ends_on_a_refusal_gives_no_slot_back_G5()
    {
        bool isDown = false;
        FaultyObjectStore client = new(_store, (_, _, _) => isDown ? Fault.Refuse : Fault.None);
        (ConditionalLog log, _) = await OpenAsync(client, Options(1, maxInFlight: 2) with { EndsOnRefusal = true });
        isDown = true;
        await FailsAsync(StorageErrorKind.Unavailable, () => log.AppendAsync("lost"));
        isDown = false;

        await FailsAsync(StorageErrorKind.Unavailable, () => log.AppendAsync("not taken"));

        Assert.NotNull(log.Failure);
        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(2, maxInFlight: 2));
        Assert.Empty(replay);
    }

    [Fact]
    public async Task An_append_whose_PUT_hangs_is_in_doubt_when_its_time_is_up_G5()
    {
        SteppedTime time = new();
        bool isHanging = false;
        FaultyObjectStore client = new(_store, (request, _, _) => isHanging && request == StoreRequest.Put ? Fault.Hang : Fault.None);
        (ConditionalLog log, _) = await OpenAsync(client, Options(1, time: time) with { ResolveTimeout = TimeSpan.FromSeconds(20) });
        isHanging = true;
        Task<long> append = log.AppendAsync("a");

        time.Advance(TimeSpan.FromSeconds(19));
        Assert.False(append.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        StorageException doubt = await FailsAsync(StorageErrorKind.Unavailable, () => append);
        Assert.Contains("unknown", doubt.Message, StringComparison.Ordinal);
        Assert.NotNull(log.Failure);
    }

    [Fact]
    public async Task An_opener_that_may_not_take_the_log_from_its_owner_is_Fenced_and_leaves_the_owner_alone_G2()
    {
        (ConditionalLog owner, _) = await OpenAsync(_store, Options(1));
        IReadOnlyList<string> keys = _store.Keys;

        await FailsAsync(StorageErrorKind.Fenced, () => OpenAsync(_store, Options(2) with { MayTakeFrom = found => found.WriterId != owner.WriterId }));

        Assert.Equal(keys, _store.Keys);
        await owner.AppendAsync("a");
    }

    [Fact]
    public async Task A_log_that_was_made_for_fewer_in_flight_works_with_these()
    {
        await OpenAsync(_store, Options(1, maxInFlight: 2));

        (ConditionalLog log, _) = await OpenAsync(_store, Options(2, maxInFlight: 5) with { AcceptsFewerInFlight = true });

        Assert.Equal(2, log.MaxInFlight);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => log.AppendAsync($"{i}")));
        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(3, maxInFlight: 2));
        Assert.Equal(20, replay.Count);
    }

    [Fact]
    public async Task A_known_checksum_is_taken_on_trust_and_a_wrong_one_found_by_readers_G9()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        byte[] payload = Encoding.UTF8.GetBytes("a");
        await log.AppendAsync(new ReadOnlySequence<byte>(payload), Crc32C.Compute(payload), default);
        (log, List<LogEntry> replay) = await OpenAsync(_store, Options(2));
        Assert.Equal(["a"], replay.Texts());

        await log.AppendAsync(new ReadOnlySequence<byte>(payload), Crc32C.Compute(payload) ^ 1, default);

        await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(_store, Options(3)));
    }
}
