using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.Wal.BucketWalFixture;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>What becomes of appends when requests fail, get lost or come late, and when there are two owners: B5, B6, B8.</summary>
public sealed class BucketWalFaultTests
{
    private readonly InMemoryObjectStore _store = new();
    private Fault _fault;
    private bool _readsFail;
    private Action _onPut = () => { };

    [Fact]
    public async Task An_append_whose_answer_was_lost_is_acknowledged_and_there_once_B6()
    {
        FaultyObjectStore client = Faulty();
        await using BucketWal wal = await OpenAsync(client, Options());
        _fault = Fault.UnknownApplied;

        Assert.Equal(1, (await wal.AppendAsync(1)).Value);

        await OpenAsync(_store, Options(), 1);
    }

    [Fact]
    public async Task A_put_that_arrives_a_second_time_changes_nothing()
    {
        FaultyObjectStore client = Faulty();
        await using BucketWal wal = await OpenAsync(client, Options());
        _fault = Fault.UnknownLate;
        _onPut = () => _fault = Fault.None;
        await wal.AppendAsync(1);

        Assert.Equal([PutOutcome.ConditionFailed], await client.DeliverLateAsync());

        await wal.AppendAsync(2);
        await OpenAsync(_store, Options(), 1, 2);
    }

    [Fact]
    public async Task A_refused_append_ends_the_log_and_the_next_one_goes_on_without_it_B6()
    {
        FaultyObjectStore client = Faulty();
        BucketWal wal = await OpenAsync(client, Options());
        await wal.AppendAsync(1);
        _fault = Fault.Refuse;

        await FailsAsync(StorageErrorKind.Unavailable, () => wal.AppendAsync(2));
        _fault = Fault.None;
        await FailsAsync(StorageErrorKind.Unavailable, () => wal.AppendAsync(3));
        await wal.DisposeAsync();

        await using BucketWal next = await OpenAsync(client, Options(), 1);
        Assert.Equal(2, (await next.AppendAsync(4)).Value);
        await OpenAsync(_store, Options(), 1, 4);
    }

    [Fact]
    public async Task An_append_in_doubt_that_is_there_comes_back_before_later_ones_B6()
    {
        BucketWal wal = await OpenAsync(Faulty(), Options());
        _fault = Fault.UnknownApplied;
        _readsFail = true;
        await FailsAsync(StorageErrorKind.Unavailable, () => wal.AppendAsync(1));
        (_fault, _readsFail) = (Fault.None, false);

        await using BucketWal next = await OpenAsync(Faulty(), Options(), 1);
        Assert.Equal(2, (await next.AppendAsync(2)).Value);
        await OpenAsync(_store, Options(), 1, 2);
    }

    [Fact]
    public async Task An_append_in_doubt_that_was_not_there_at_the_next_opening_never_appears_B6()
    {
        FaultyObjectStore client = Faulty();
        BucketWal wal = await OpenAsync(client, Options());
        _fault = Fault.UnknownLate;
        await FailsAsync(StorageErrorKind.Unavailable, () => wal.AppendAsync(1));
        _fault = Fault.None;

        await using BucketWal next = await OpenAsync(client, Options());
        Assert.All(await client.DeliverLateAsync(), outcome => Assert.Equal(PutOutcome.ConditionFailed, outcome));
        await next.AppendAsync(2);
        await OpenAsync(_store, Options(), 2);
    }

    [Fact]
    public async Task What_is_queued_and_in_flight_behind_a_failed_append_fails_with_it_B6()
    {
        GatedObjectStore gated = new(Faulty());
        BucketWal wal = await OpenAsync(gated, Options() with { MaxInFlight = 2 });
        Task[] appends = new Task[4];
        List<GatedPut> puts = [];
        for (int i = 0; i < 4; i++)
        {
            appends[i] = wal.AppendAsync(i + 1);
            if (i < 2)
            {
                puts.Add(await gated.NextAsync());
            }
        }

        _fault = Fault.Refuse;
        puts.ForEach(put => put.Let());

        foreach (Task append in appends)
        {
            await FailsAsync(StorageErrorKind.Unavailable, () => append);
        }

        await wal.DisposeAsync();
        await OpenAsync(_store, Options());
    }

    [Fact]
    public async Task An_owner_that_was_followed_acknowledges_nothing_and_trims_nothing_more_B5()
    {
        await using BucketWal zombie = await OpenAsync(_store, Options(owner: 1));
        await zombie.AppendAsync(1);
        await zombie.AppendAsync(2);
        await using BucketWal next = await OpenAsync(_store, Options(owner: 2), 1, 2);

        await FailsAsync(StorageErrorKind.Fenced, () => zombie.AppendAsync(3));
        await FailsAsync(StorageErrorKind.Fenced, () => zombie.AppendAsync(4));
        await FailsAsync(StorageErrorKind.Fenced, () => zombie.TrimAsync(new WalPosition(1), default).AsTask());

        Assert.Equal(3, (await next.AppendAsync(5)).Value);
        await OpenAsync(_store, Options(owner: 3), 1, 2, 5);
    }

    [Fact]
    public async Task An_owner_with_a_lower_number_never_gets_the_log_B5()
    {
        BucketWal first = await OpenAsync(_store, Options(owner: 4));
        await first.AppendAsync(1);
        await using BucketWal last = await OpenAsync(_store, Options(owner: 5), 1);
        IReadOnlyList<string> keys = _store.Keys;

        await FailsAsync(StorageErrorKind.Fenced, () => RecoverAsync(new BucketWal(_store, Options(owner: 4))));

        Assert.Equal(keys, _store.Keys);
        Assert.Equal(2, (await last.AppendAsync(2)).Value);
    }

    [Fact]
    public async Task A_log_that_opens_itself_anew_does_not_take_it_back_from_a_later_owner_B5()
    {
        JumpingTime time = new();
        FaultyObjectStore client = Faulty();
        await using ReopeningWal zombie = new(
            new BucketWal(client, Options(owner: 1)), _ => ValueTask.FromResult<IWriteAheadLog>(new BucketWal(client, Options(owner: 1))), time);
        await RecoverAsync(zombie);
        await zombie.AppendAsync(1);
        _fault = Fault.Refuse;
        await FailsAsync(StorageErrorKind.Unavailable, () => zombie.AppendAsync(2));
        _fault = Fault.None;
        await using BucketWal next = await OpenAsync(_store, Options(owner: 2), 1);

        for (int i = 3; i < 6; i++)
        {
            await FailsAsync(StorageErrorKind.Fenced, () => zombie.AppendAsync(i));
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(2, (await next.AppendAsync(9)).Value);
    }

    [Fact]
    public async Task An_owner_opens_its_own_log_again_as_often_as_it_fails_B5_B8()
    {
        FaultyObjectStore client = Faulty();
        for (int i = 1; i <= 5; i++)
        {
            BucketWal wal = await OpenAsync(client, Options(owner: 7), [.. Enumerable.Range(1, i - 1)]);
            await wal.AppendAsync(i);
            _fault = Fault.Refuse;
            await FailsAsync(StorageErrorKind.Unavailable, () => wal.AppendAsync(99));
            _fault = Fault.None;
        }
    }

    [Theory]
    [InlineData(2, 8)]
    [InlineData(8, 2)]
    public async Task A_log_is_opened_with_whatever_number_in_flight_the_settings_have_by_now(int before, int after)
    {
        BucketWal wal = await OpenAsync(_store, Options(owner: 1) with { MaxInFlight = before });
        await wal.AppendAsync(1);
        await using BucketWal next = await OpenAsync(_store, Options(owner: 2) with { MaxInFlight = after }, 1);
        await Task.WhenAll(Enumerable.Range(2, 20).Select(i => next.AppendAsync(i)));
        await OpenAsync(_store, Options(owner: 3), [.. Enumerable.Range(1, 21)]);
    }

    [Fact]
    public async Task A_closed_log_has_written_what_was_queued()
    {
        BucketWal wal = await OpenAsync(_store, Options());
        Task<WalPosition>[] appends = [.. Enumerable.Range(1, 100).Select(i => wal.AppendAsync(i))];
        await wal.DisposeAsync();
        Assert.All(appends, append => Assert.True(append.IsCompletedSuccessfully));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => wal.AppendAsync(101));
        await OpenAsync(_store, Options(), [.. Enumerable.Range(1, 100)]);
    }

    [Fact]
    public async Task A_batch_that_can_never_fit_is_refused_as_such_and_a_trimmed_log_is_never_full_for_good_W4()
    {
        BucketWalOptions options = Options() with { CapacityBytes = 1000 };
        await using BucketWal wal = await OpenAsync(_store, options);
        await Assert.ThrowsAsync<ArgumentException>(() => wal.AppendAsync(1, 1000));
        for (int i = 1; i <= 3; i++)
        {
            await wal.AppendAsync(i, 900);
            await Assert.ThrowsAsync<WalFullException>(() => wal.AppendAsync(99, 900));
            await wal.TrimAsync(new WalPosition(i), default);
        }
    }

    /// <summary>The fault befalls PUTs of slots; reads fail on demand.</summary>
    private FaultyObjectStore Faulty() => new(_store, (request, key, _) =>
    {
        if (request == StoreRequest.Get)
        {
            return _readsFail ? Fault.Refuse : Fault.None;
        }

        if (request != StoreRequest.Put || !IsSlot(key))
        {
            return Fault.None;
        }

        Fault fault = _fault;
        _onPut();
        return fault;
    });
}
