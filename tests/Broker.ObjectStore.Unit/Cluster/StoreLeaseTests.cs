using Broker.ObjectStore.Cluster;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Cluster;

/// <summary>One owner at a time, for a while.</summary>
public sealed class StoreLeaseTests
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);
    private readonly InMemoryObjectStore _store = new();
    private readonly SteppedTime _clock = new();
    private readonly SeededIdSource _ids = new(1);

    public StoreLeaseTests() => _clock.Advance(TimeSpan.FromDays(738_000));

    [Fact]
    public async Task Of_two_owners_one_has_it_until_it_gives_it_back()
    {
        StoreLease one = Of("one");
        StoreLease two = Of("two");
        Assert.True(await one.AcquireAsync(default));
        Assert.False(await two.AcquireAsync(default));
        Assert.Equal((true, false), (one.IsHeld, two.IsHeld));
        Assert.True(await one.AcquireAsync(default));

        Assert.True(await one.ReleaseAsync(default));
        Assert.False(await one.ReleaseAsync(default));

        Assert.True(await two.AcquireAsync(default));
        Assert.False(await one.ReleaseAsync(default));
        Assert.Equal((false, true), (one.IsHeld, two.IsHeld));
    }

    [Fact]
    public async Task Owner_that_dies_has_it_for_a_while_only()
    {
        StoreLease one = Of("one");
        StoreLease two = Of("two");
        await one.AcquireAsync(default);
        _clock.Advance(TimeToLive - TimeSpan.FromSeconds(1));
        Assert.False(await two.AcquireAsync(default));

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.False(one.IsHeld);
        Assert.True(await two.AcquireAsync(default));
    }

    [Fact]
    public async Task Of_many_who_want_it_at_once_one_gets_it()
    {
        bool[] got = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Of($"{i}").AcquireAsync(default).AsTask()));
        Assert.Single(got, isHeld => isHeld);
    }

    [Theory]
    [InlineData(Fault.UnknownApplied, true)]
    [InlineData(Fault.UnknownLost, false)]
    public async Task Outcome_in_doubt_is_looked_up(Fault fault, bool isHeld)
    {
        int puts = 0;
        FaultyObjectStore faulty = new(_store, (request, _, _) => request == StoreRequest.Put && puts++ == 0 ? fault : Fault.None);
        StoreLease lease = new(faulty, "name", "one", TimeToLive, _clock, _ids);

        if (isHeld)
        {
            Assert.True(await lease.AcquireAsync(default));
        }
        else
        {
            await Assert.ThrowsAsync<StorageException>(async () => await lease.AcquireAsync(default));
            Assert.False(lease.IsHeld);
        }
    }

    [Fact]
    public async Task Damaged_or_newer_entry_is_refused()
    {
        await Of("one").AcquireAsync(default);
        ObjectKey key = new("cluster/leases/name");
        byte[] bytes = (await _store.GetAsync(key, ByteRange.All, default)).ToArray();
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= 0x55;
            await _store.PutAsync(key, new System.Buffers.ReadOnlySequence<byte>(damaged), PutCondition.None, default);
            await Assert.ThrowsAsync<StorageException>(async () => await Of("two").AcquireAsync(default));
        }
    }

    private StoreLease Of(string owner) => new(_store, "name", owner, TimeToLive, _clock, _ids);
}
