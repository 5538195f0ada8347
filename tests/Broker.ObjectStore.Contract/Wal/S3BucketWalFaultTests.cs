using Broker.ObjectStore.Contract.Stores;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.S3;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>A bucket WAL on a real server, some of whose requests come to harm on the way (B1, B5, B6).</summary>
public sealed class S3BucketWalFaultTests : IAsyncLifetime
{
    private const int Appends = 15;
    private S3Scene _scene = null!;

    public async Task InitializeAsync() => _scene = await S3Scene.OpenAsync();

    public async Task DisposeAsync()
    {
        if (_scene is not null)
        {
            await _scene.DisposeAsync();
        }
    }

    public static TheoryData<string, ProxyFault> Faults => new()
    {
        { nameof(ProxyFault.DropRequest), ProxyFault.DropRequest },
        { nameof(ProxyFault.DropResponse), ProxyFault.DropResponse },
        { nameof(ProxyFault.Duplicate), ProxyFault.Duplicate },
        { "SlowDown", ProxyFault.Answer(503, "SlowDown", isForwarded: false) },
        { "InternalError after all", ProxyFault.Answer(500, "InternalError", isForwarded: true) },
        { "Conflict", ProxyFault.Answer(409, "ConditionalRequestConflict", isForwarded: false) },
    };

    [SkippableFact]
    public async Task An_acknowledgement_is_one_request_on_the_wire_B1()
    {
        await using BucketWal wal = await OpenAsync(_scene.Retrying(), owner: 1);
        int before = _scene.Proxy.Requests.Count;
        for (int i = 1; i <= Appends; i++)
        {
            await AppendAsync(wal, i);
        }

        ProxiedRequest[] requests = [.. _scene.Proxy.Requests.Skip(before)];
        Assert.Equal(Appends, requests.Length);
        Assert.All(requests, request => Assert.True(request.IsConditionalPut));
    }

    [SkippableFact]
    public async Task A_trim_is_two_requests_on_the_wire_however_many_slots_it_lets_go_B7()
    {
        BucketWal wal = await OpenAsync(_scene.Retrying(), owner: 1);
        for (int i = 1; i <= Appends; i++)
        {
            await AppendAsync(wal, i);
        }

        // The first one also looks for the boundary.
        await wal.TrimAsync(new WalPosition(3), CancellationToken.None);
        int before = _scene.Proxy.Requests.Count;
        await wal.TrimAsync(new WalPosition(Appends - 1), CancellationToken.None);
        Assert.Equal(["PUT", "POST"], _scene.Proxy.Requests.Skip(before).Select(request => request.Method));
        await wal.DisposeAsync();
        ObjectInfo[] left = await _scene.Direct.ListAsync("wal/5b/faults/", null, CancellationToken.None).ToArrayAsync();
        Assert.Single(left, slot => slot.SizeBytes > 1000);
    }

    [SkippableTheory]
    [MemberData(nameof(Faults))]
    public async Task Every_append_is_acknowledged_and_there_once_though_every_third_put_comes_to_harm_B6(string name, ProxyFault fault)
    {
        BucketWal wal = await OpenAsync(_scene.Retrying(), owner: 1);
        int puts = 0;
        _scene.Proxy.Inject(request => request.IsConditionalPut && ++puts % 3 == 0, fault, times: int.MaxValue);
        for (int i = 1; i <= Appends; i++)
        {
            Assert.True(i == await AppendAsync(wal, i), $"{name}, append {i}");
        }

        Assert.True(puts >= Appends);
        await OpenAsync(_scene.Direct, owner: 2, Appends);
    }

    [SkippableFact]
    public async Task A_put_that_is_held_up_until_the_next_owner_has_the_log_is_not_acknowledged_B5()
    {
        TaskCompletionSource hold = new();
        BucketWal zombie = await OpenAsync(_scene.Retrying(), owner: 1);
        await AppendAsync(zombie, 1);
        _scene.Proxy.Inject(request => request.IsConditionalPut, ProxyFault.Hold(hold.Task));
        Task<long> late = AppendAsync(zombie, 2);

        // Four fences, and one append before it.
        await _scene.Proxy.ArrivalAsync(request => request.Target.EndsWith($"{5:D19}", StringComparison.Ordinal));
        await using BucketWal next = await OpenAsync(_scene.Direct, owner: 2, 1);

        hold.SetResult();

        StorageException fenced = await Assert.ThrowsAsync<StorageException>(() => late);
        Assert.Equal(StorageErrorKind.Fenced, fenced.Kind);
        Assert.Equal(2, await AppendAsync(next, 2));
        await OpenAsync(_scene.Direct, owner: 3, 2);
    }

    private static async Task<BucketWal> OpenAsync(IObjectStore store, long owner, int expected = 0)
    {
        BucketWal wal = new(store, new BucketWalOptions { Prefix = "wal/5b/faults", OwnerEpoch = owner, MaxPutsPerSecond = 0, MaxLinger = TimeSpan.Zero });
        List<int> numbers = [];
        await foreach (WalRecoveredRecord recovered in wal.RecoverAsync(default))
        {
            numbers.Add(TestRecords.Verify(recovered));
        }

        Assert.Equal(Enumerable.Range(1, expected), numbers);
        return wal;
    }

    private static async Task<long> AppendAsync(BucketWal wal, int number) => (await wal.AppendAsync([TestRecords.Create(number, 1000)], default)).Value;
}
