using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Storage;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Unit.MetadataLogs;

/// <summary>The metadata log; its guarantees M1 to M6 stand at <see cref="MetadataLog"/>.</summary>
public sealed class MetadataLogTests(ITestOutputHelper output) : MetadataLogTesting
{
    [Fact]
    public async Task An_emptyStore_becomes_a_cluster_whose_id_stays()
    {
        using MetadataLog first = await OpenAsync(Store);
        Assert.Equal(22, first.Image.ClusterId.Length);
        using MetadataLog second = await OpenAsync(Store);
        Assert.Equal(first.Image.ClusterId, second.Image.ClusterId);
        Assert.Equal(first.Epoch + 1, second.Epoch);
    }

    [Fact]
    public async Task A_commit_is_one_put_and_is_there_for_the_next_opener_M1()
    {
        FaultyObjectStore counted = new(Store, (_, _, _) => Fault.None);
        using MetadataLog log = await OpenAsync(counted);
        int before = counted.Requests;
        MetadataImage image = await log.CommitAsync([Node(1, 5), Node(2, 6)], default);
        Assert.Equal(1, counted.Requests - before);
        Assert.Same(image, log.Image);
        using MetadataLog next = await OpenAsync(Store);
        Assert.Equal(6, next.Image.NodeEpochs[new NodeId(2)]);
        Assert.Equal(image.Version, next.Image.Version);
    }

    [Fact]
    public async Task A_log_that_is_gone_is_noticed_by_a_commit_and_goes_on_when_it_is_restored_M6()
    {
        using MetadataLog log = await OpenAsync(Store);
        await log.CommitAsync([Node(1, 1)], default);
        Dictionary<string, byte[]> backup = Store.Keys.ToDictionary(key => key, Store.Read);
        foreach (string key in backup.Keys)
        {
            await Store.DeleteAsync(new ObjectKey(key), default);
        }

        Time.Advance(MetadataLog.LookEvery);
        await FailsAsync(StorageErrorKind.Corrupt, () => log.CommitAsync([Node(2, 1)], default).AsTask());
        Assert.Contains("boundary", log.Loss!.Message, StringComparison.Ordinal);
        await FailsAsync(StorageErrorKind.Corrupt, () => log.CommitAsync([Node(2, 1)], default).AsTask());
        Assert.DoesNotContain(Store.Keys, key => key.EndsWith("boundary", StringComparison.Ordinal));

        foreach ((string key, byte[] bytes) in backup)
        {
            await Store.PutAsync(new ObjectKey(key), new System.Buffers.ReadOnlySequence<byte>(bytes), PutCondition.IfAbsent, default);
        }

        await FailsAsync(StorageErrorKind.Corrupt, () => log.CommitAsync([Node(3, 1)], default).AsTask());
        Assert.Null(log.Loss);
        await log.CommitAsync([Node(3, 1)], default);
        using MetadataLog next = await OpenAsync(Store);
        AssertSame(log.Image, next.Image);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_that_lands_in_a_log_that_is_gone_holds_when_the_log_is_restored_M6(bool isSettledFirst)
    {
        LateLook store = new(Store);
        using MetadataLog log = await OpenAsync(store);
        await log.CommitAsync([Node(1, 1)], default);
        string boundary = Store.Keys.Single(key => key.EndsWith("boundary", StringComparison.Ordinal));
        byte[] bytes = Store.Read(boundary);
        await Store.DeleteAsync(new ObjectKey(boundary), default);

        Time.Advance(MetadataLog.LookEvery);
        store.LooksWait = true;
        await FailsAsync(StorageErrorKind.Corrupt, () => log.CommitAsync([Node(2, 1)], default).AsTask());
        await FailsAsync(StorageErrorKind.Corrupt, () => log.SettleAsync(default).AsTask());
        await log.SnapshotAsync(default);
        await Store.PutAsync(new ObjectKey(boundary), new System.Buffers.ReadOnlySequence<byte>(bytes), PutCondition.IfAbsent, default);
        if (isSettledFirst)
        {
            await log.SettleAsync(default);
        }
        else
        {
            await FailsAsync(StorageErrorKind.Corrupt, () => log.CommitAsync([Node(3, 1)], default).AsTask());
        }

        Assert.Null(log.Loss);
        Assert.Equal([1, 2], log.Image.NodeEpochs.Keys.Select(node => node.Value).Order());
        await log.CommitAsync([Node(3, 1)], default);
        using MetadataLog next = await OpenAsync(Store);
        AssertSame(log.Image, next.Image);
    }

    [Fact]
    public async Task Settling_asks_nothing_when_nothing_is_in_doubt()
    {
        FaultyObjectStore counted = new(Store, (_, _, _) => Fault.None);
        using MetadataLog log = await OpenAsync(counted);
        int before = counted.Requests;

        Assert.Same(log.Image, await log.SettleAsync(default));

        Assert.Equal(0, counted.Requests - before);
    }

    [Fact]
    public async Task A_commit_looks_for_the_log_once_in_a_while_and_never_without_a_commit_M6()
    {
        FaultyObjectStore counted = new(Store, (_, _, _) => Fault.None);
        using MetadataLog log = await OpenAsync(counted);
        Time.Advance(MetadataLog.LookEvery);
        int before = counted.Requests;
        await log.CommitAsync([Node(1, 1)], default);
        await log.CommitAsync([Node(2, 1)], default);
        await log.CommitAsync([Node(3, 1)], default);

        Assert.Equal(3 + 1, counted.Requests - before);
    }

    [Fact]
    public async Task A_second_opener_fences_the_first()
    {
        using MetadataLog first = await OpenAsync(Store);
        using MetadataLog second = await OpenAsync(Store);
        StorageException error = await FailsAsync(StorageErrorKind.Fenced, () => first.CommitAsync([Node(1, 1)], default).AsTask());
        Assert.Contains($"epoch {first.Epoch}", error.Message, StringComparison.Ordinal);
        await second.CommitAsync([Node(1, 2)], default);
        await FailsAsync(StorageErrorKind.Fenced, () => first.CommitAsync([Node(1, 3)], default).AsTask());
        Assert.Equal(StorageErrorKind.Fenced, first.Failure!.Kind);
        Assert.Empty(first.Image.NodeEpochs);
    }

    [Fact]
    public async Task Reading_shows_every_commit_and_leaves_the_owner_its_log()
    {
        Assert.Equal("", (await MetadataLog.ReadAsync(Store, new MetadataLogOptions(), default)).ClusterId);
        Assert.Empty(Store.Keys);
        using MetadataLog owner = await OpenAsync(Store, snapshotEvery: 3);
        for (int i = 0; i < 8; i++)
        {
            await owner.CommitAsync([Node(i, 1)], default);
            IReadOnlyList<string> keys = Store.Keys;
            AssertSame(owner.Image, await MetadataLog.ReadAsync(Store, new MetadataLogOptions(), default));
            Assert.Equal(keys, Store.Keys);
        }
    }

    [Fact]
    public async Task Looking_for_something_newer_finds_commits_and_another_owner()
    {
        Assert.False(await MayHaveNewerAsync(-1));
        using MetadataLog owner = await OpenAsync(Store, snapshotEvery: 3);
        long first = owner.Image.Version;
        Assert.False(await MayHaveNewerAsync(first));

        // Also of what the log was trimmed past.
        for (int i = 0; i < 20; i++)
        {
            await owner.CommitAsync([Node(i, 1)], default);
        }

        Assert.Equal((true, true, false), (await MayHaveNewerAsync(first), await MayHaveNewerAsync(owner.Image.Version - 1), await MayHaveNewerAsync(owner.Image.Version)));
        using MetadataLog another = await OpenAsync(Store);
        Assert.True(await MayHaveNewerAsync(owner.Image.Version));
    }

    private ValueTask<bool> MayHaveNewerAsync(long version) => MetadataLog.MayHaveNewerAsync(Store, new MetadataLogOptions(), version, default);

    [Fact]
    public async Task A_wal_is_known_from_its_attachment_to_its_release()
    {
        WalId wal = new(new Guid("00112233-4455-6677-8899-aabbccddeeff"));
        using MetadataLog log = await OpenAsync(Store);
        await log.CommitAsync([new WalAttached(wal, new NodeId(1), "old", "/old")], default);
        await log.CommitAsync([new WalAttached(wal, new NodeId(1), "host", "/wal")], default);
        AttachedWal known = Assert.Single(log.Image.Wals).Value;
        Assert.Equal((wal, "host", "/wal"), (known.WalId, known.Host, known.Path));
        await log.CommitAsync([new WalReleased(wal, WalReleaseReason.Emptied)], default);
        Assert.Empty(log.Image.Wals);
        await FailsAsync(StorageErrorKind.Invalid, () => log.CommitAsync([new WalReleased(wal, WalReleaseReason.Emptied)], default).AsTask());
    }

    [Fact]
    public async Task A_commit_that_does_not_fit_writes_nothing_M2()
    {
        using MetadataLog log = await OpenAsync(Store);
        IReadOnlyList<string> keys = Store.Keys;
        await FailsAsync(
            StorageErrorKind.Invalid, () => log.CommitAsync([Node(1, 1), new TopicDeleted(Guid.NewGuid())], default).AsTask());
        Assert.Equal(keys, Store.Keys);
        Assert.Empty(log.Image.NodeEpochs);
        await log.CommitAsync([Node(1, 1)], default);
    }

    [Fact]
    public async Task Concurrent_commits_happen_one_after_another()
    {
        using MetadataLog log = await OpenAsync(Store);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => log.CommitAsync([Node(i, 1)], default).AsTask())));
        Assert.Equal(50, log.Image.NodeEpochs.Count);
        using MetadataLog next = await OpenAsync(Store);
        AssertSame(log.Image, next.Image);
    }

    [Fact]
    public async Task A_crash_at_any_request_loses_no_commit_that_returned_and_leaves_none_half_done()
    {
        int points = 0;
        foreach (Fault fault in new[] { Fault.CrashBefore, Fault.CrashAfter })
        {
            bool hasCrashed = true;
            for (int point = 0; hasCrashed; point++, points++)
            {
                InMemoryObjectStore store = new();
                int at = point;
                FaultyObjectStore client = new(store, (_, _, number) => number == at ? fault : Fault.None);
                int committed = await CommitPairsAsync(client);
                hasCrashed = client.HasCrashed;
                using MetadataLog next = await OpenAsync(store, snapshotEvery: 4);
                int found = next.Image.NodeEpochs.Count;
                Assert.True(found % 2 == 0, $"{fault} at {point}: half a commit");
                Assert.InRange(found / 2, committed, committed + 1);
                Assert.Equal(22, next.Image.ClusterId.Length);
            }
        }

        output.WriteLine($"{points} crashes");
        Assert.True(points > 60);
    }

    [Theory]
    [InlineData(Fault.UnknownApplied)]
    [InlineData(Fault.UnknownLost)]
    [InlineData(Fault.UnknownLate)]
    public async Task A_commit_with_a_lost_answer_happens_once(Fault fault)
    {
        bool isArmed = false;
        FaultyObjectStore client = new(Store, (request, _, _) =>
        {
            bool isHit = isArmed && request == StoreRequest.Put;
            isArmed &= !isHit;
            return isHit ? fault : Fault.None;
        });
        using MetadataLog log = await OpenAsync(client);
        isArmed = true;
        await log.CommitAsync([new ProducerIdBlockAllocated(new NodeId(1), 0, 1000)], default);
        await log.CommitAsync([new ProducerIdBlockAllocated(new NodeId(1), 1000, 1000)], default);
        Assert.All(await client.DeliverLateAsync(), outcome => Assert.Equal(PutOutcome.ConditionFailed, outcome));
        using MetadataLog next = await OpenAsync(Store);
        Assert.Equal(2000, next.Image.NextProducerId);
    }

    [Fact]
    public async Task A_commit_that_stays_in_doubt_ends_the_log_and_reopening_decides()
    {
        bool isDown = false;
        FaultyObjectStore client = new(
            Store, (request, _, _) => !isDown ? Fault.None : request == StoreRequest.Put ? Fault.UnknownLate : Fault.Refuse);
        using MetadataLog log = await OpenAsync(client);
        isDown = true;
        await FailsAsync(StorageErrorKind.Unavailable, () => log.CommitAsync([Node(1, 1)], default).AsTask());
        await FailsAsync(StorageErrorKind.Unavailable, () => log.CommitAsync([Node(2, 1)], default).AsTask());
        Assert.NotNull(log.Failure);
        using MetadataLog next = await OpenAsync(Store);
        Assert.Empty(next.Image.NodeEpochs);
        await client.DeliverLateAsync();
        await next.CommitAsync([Node(3, 1)], default);
        using MetadataLog last = await OpenAsync(Store);
        Assert.Equal([new NodeId(3)], last.Image.NodeEpochs.Keys);
    }

    [Theory]
    [InlineData(Fault.UnknownLost)]
    [InlineData(Fault.UnknownApplied)]
    [InlineData(Fault.UnknownLate)]
    public async Task M5_A_log_whose_commit_stayed_in_doubt_is_decided_by_the_next_call_and_goes_on(Fault fate)
    {
        bool isDown = false;
        FaultyObjectStore client = new(Store, (request, _, _) => !isDown ? Fault.None : request == StoreRequest.Put ? fate : Fault.Refuse);
        using MetadataLog log = await OpenAsync(client);
        await log.CommitAsync([Node(1, 1)], default);
        isDown = true;
        await FailsAsync(StorageErrorKind.Unavailable, () => log.CommitAsync([Node(2, 1)], default).AsTask());
        await FailsAsync(StorageErrorKind.Unavailable, () => log.CommitAsync([Node(3, 1)], default).AsTask());
        isDown = false;

        // Nothing of what was judged by the image before the doubt is written.
        await FailsAsync(StorageErrorKind.Unavailable, () => log.CommitAsync([Node(4, 1)], default).AsTask());
        Assert.Equal(fate == Fault.UnknownApplied, log.Image.NodeEpochs.ContainsKey(new NodeId(2)));
        await client.DeliverLateAsync();
        await log.CommitAsync([Node(5, 1)], default);

        using MetadataLog next = await OpenAsync(Store);
        AssertSame(log.Image, next.Image);
        Assert.Equal([1, .. fate == Fault.UnknownApplied ? [2] : Array.Empty<int>(), 5], next.Image.NodeEpochs.Keys.Select(node => node.Value).Order());
    }

    [Fact]
    public async Task M5_A_log_whose_own_fence_was_in_doubt_too_is_taken_again()
    {
        bool isDown = false;
        FaultyObjectStore client = new(Store, (request, _, _) => !isDown ? Fault.None : request == StoreRequest.Put ? Fault.UnknownApplied : Fault.None);
        using MetadataLog log = await OpenAsync(client);

        // The commit is there, and so is the first fence that reopening puts; but a read right after each of them fails.
        FaultyObjectStore blind = new(Store, (request, _, _) => !isDown ? Fault.None : request is StoreRequest.Put ? Fault.UnknownApplied : request is StoreRequest.Get ? Fault.Refuse : Fault.None);
        using MetadataLog second = await OpenAsync(blind);
        isDown = true;
        await FailsAsync(StorageErrorKind.Unavailable, () => second.CommitAsync([Node(2, 1)], default).AsTask());
        await FailsAsync(StorageErrorKind.Unavailable, () => second.CommitAsync([Node(3, 1)], default).AsTask());
        isDown = false;
        await FailsAsync(StorageErrorKind.Unavailable, () => second.CommitAsync([Node(4, 1)], default).AsTask());
        await second.CommitAsync([Node(5, 1)], default);

        Assert.Equal([2, 5], second.Image.NodeEpochs.Keys.Select(node => node.Value).Order());
        await FailsAsync(StorageErrorKind.Fenced, () => log.CommitAsync([Node(6, 1)], default).AsTask());
    }

    [Fact]
    public async Task M5_A_log_that_another_took_over_while_a_commit_was_in_doubt_is_not_taken_back()
    {
        bool isDown = false;
        FaultyObjectStore client = new(Store, (request, _, _) => !isDown ? Fault.None : request == StoreRequest.Put ? Fault.UnknownLost : Fault.Refuse);
        using MetadataLog log = await OpenAsync(client);
        isDown = true;
        await FailsAsync(StorageErrorKind.Unavailable, () => log.CommitAsync([Node(1, 1)], default).AsTask());
        isDown = false;
        using MetadataLog other = await OpenAsync(Store);

        await FailsAsync(StorageErrorKind.Fenced, () => log.CommitAsync([Node(2, 1)], default).AsTask());
        await FailsAsync(StorageErrorKind.Fenced, () => log.CommitAsync([Node(2, 1)], default).AsTask());

        await other.CommitAsync([Node(3, 1)], default);
    }

    // Two openings, so that crashes also meet a takeover; each commit registers two nodes.
    private async Task<int> CommitPairsAsync(FaultyObjectStore client)
    {
        int committed = 0;
        try
        {
            for (int life = 0; life < 2; life++)
            {
                using MetadataLog log = await OpenAsync(client, snapshotEvery: 4);
                for (int i = 0; i < 6; i++)
                {
                    await log.CommitAsync([Node(committed * 2, 1), Node((committed * 2) + 1, 1)], default);
                    committed++;
                }
            }
        }
        catch (SimulatedCrashException)
        {
            Assert.True(client.HasCrashed);
        }

        return committed;
    }

    /// <summary>A store whose HEADs, once they are told to, answer after the next PUT.</summary>
    private sealed class LateLook(IObjectStore inner) : ForwardingObjectStore(inner)
    {
        private readonly TaskCompletionSource _put = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal bool LooksWait { get; set; }

        public override async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
        {
            await (LooksWait ? _put.Task : Task.CompletedTask);
            return await base.HeadAsync(key, ct);
        }

        public override async ValueTask<PutResult> PutAsync(ObjectKey key, System.Buffers.ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
        {
            PutResult result = await base.PutAsync(key, body, condition, ct);
            if (LooksWait)
            {
                _put.TrySetResult();
            }

            return result;
        }
    }
}
