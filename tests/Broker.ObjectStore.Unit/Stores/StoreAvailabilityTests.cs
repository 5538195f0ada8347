using System.Buffers;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Stores;

/// <summary>When a store counts as failing and as serving, and that each change is told once.</summary>
public sealed class StoreAvailabilityTests
{
    private static readonly ObjectKey Key = new("key");
    private readonly SteppedTime _time = new();
    private readonly InMemoryObjectStore _inner = new();
    private readonly List<string> _told = [];
    private readonly StoreAvailability _availability;
    private readonly WatchedObjectStore _store;
    private Func<StoreRequest, Fault> _fault = _ => Fault.None;

    public StoreAvailabilityTests()
    {
        _availability = new StoreAvailability(_time, outage => _told.Add($"failing: {outage.Reason}"), away => _told.Add($"serving after {away.TotalSeconds} s"));
        _store = new WatchedObjectStore(new FaultyObjectStore(_inner, (request, _, _) => _fault(request)), _availability, _time);
    }

    [Fact]
    public async Task Answers_are_counted_of_the_kind_that_fails_while_it_does()
    {
        await PutAsync();
        await FailAsync(20);
        _fault = request => request == StoreRequest.Put ? Fault.Refuse : Fault.None;

        await _store.HeadAsync(Key, default);
        Assert.Equal(0, _availability.AnswersOfFailing);
        _fault = _ => Fault.None;
        await PutAsync();
        Assert.Equal(1, _availability.AnswersOfFailing);
    }

    [Fact]
    public async Task Store_that_is_away_is_told_of_once_and_so_is_its_return_with_the_time_between()
    {
        await PutAsync();
        DateTimeOffset start = _time.GetUtcNow();
        await FailAsync(20);
        Assert.Single(_told, "failing: simulated outage at 'key'");
        Assert.Equal(start, _availability.Outage!.Since);
        _time.Advance(TimeSpan.FromSeconds(30));

        _fault = _ => Fault.None;
        await PutAsync();
        _time.Advance(StoreAvailability.ServesAfter);

        Assert.Equal("serving after 30 s", _told[^1]);
        Assert.Equal(2, _told.Count);
        Assert.Null(_availability.Outage);
        Assert.Equal(0, _time.Waiting);
    }

    [Fact]
    public async Task Failures_with_successes_between_them_are_not_told()
    {
        for (int i = 0; i < 20; i++)
        {
            await FailAsync(2);
            _fault = _ => Fault.None;
            await PutAsync();
        }

        Assert.Empty(_told);
    }

    [Fact]
    public async Task Store_that_comes_and_goes_is_told_of_once()
    {
        await FailAsync(3);
        for (int i = 0; i < 10; i++)
        {
            _fault = _ => Fault.None;
            await PutAsync();
            _time.Advance(TimeSpan.FromSeconds(3));
            await FailAsync(3);
            _time.Advance(TimeSpan.FromSeconds(3));
        }

        Assert.Single(_told);
    }

    [Fact]
    public async Task Store_that_takes_no_writes_fails_though_it_can_be_read()
    {
        await PutAsync();
        _fault = request => request == StoreRequest.Put ? Fault.Refuse : Fault.None;
        for (int i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<StorageException>(PutAsync);
            await _store.GetAsync(Key, ByteRange.All, default);
        }

        Assert.Single(_told);
    }

    [Fact]
    public async Task Request_that_failed_after_a_long_time_tells_alone_and_one_whose_outcome_is_unknown_counts_as_failed()
    {
        _fault = request =>
        {
            _time.Advance(TimeSpan.FromSeconds(15));
            return Fault.UnknownLost;
        };

        await PutAsync();

        Assert.Single(_told);
    }

    [Fact]
    public async Task That_there_is_no_such_object_is_an_answer()
    {
        for (int i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<StorageException>(async () => await _store.GetAsync(Key, ByteRange.All, default));
        }

        Assert.Empty(_told);
    }

    private async Task FailAsync(int times)
    {
        _fault = _ => Fault.Refuse;
        for (int i = 0; i < times; i++)
        {
            await Assert.ThrowsAsync<StorageException>(PutAsync);
        }
    }

    private async Task PutAsync() => await _store.PutAsync(Key, new ReadOnlySequence<byte>([1]), PutCondition.None, default);
}
