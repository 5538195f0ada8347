using Broker.ObjectStore.Cluster;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Cluster;

/// <summary>J1 and J2: how nodes find each other.</summary>
public sealed class NodeRegistryTests
{
    private readonly InMemoryObjectStore _store = new();
    private readonly NodeRegistry _registry;

    public NodeRegistryTests() => _registry = new NodeRegistry(_store);

    [Fact]
    public async Task Nodes_are_found_with_their_addresses_until_they_leave()
    {
        NodeEntry one = Entry(1);
        NodeEntry two = Entry(2_000_000_000);
        Assert.True(await _registry.RegisterAsync(two, null, default));
        Assert.True(await _registry.RegisterAsync(one, null, default));

        Assert.Equal([one, two], (await _registry.ListAsync(default)).Nodes);

        await _registry.LeaveAsync(one, default);
        Assert.Equal([two], (await _registry.ListAsync(default)).Nodes);
    }

    [Fact]
    public async Task J1_entry_is_replaced_by_who_has_seen_it_alone()
    {
        await _registry.RegisterAsync(Entry(1), null, default);
        (_, string seen) = (await _registry.FindAsync(new NodeId(1), default))!.Value;
        NodeEntry second = Entry(1);

        Assert.False(await _registry.RegisterAsync(Entry(1), null, default));
        Assert.True(await _registry.RegisterAsync(second, seen, default));
        Assert.False(await _registry.RegisterAsync(Entry(1), seen, default));

        Assert.Equal(second, (await _registry.FindAsync(new NodeId(1), default))!.Value.Entry);
    }

    [Fact]
    public async Task Start_that_ends_leaves_a_later_ones_entry_alone()
    {
        NodeEntry first = Entry(1);
        await _registry.RegisterAsync(first, null, default);
        NodeEntry second = Entry(1);
        await _registry.RegisterAsync(second, (await _registry.FindAsync(new NodeId(1), default))!.Value.ETag, default);

        await _registry.LeaveAsync(first, default);

        Assert.Equal([second], (await _registry.ListAsync(default)).Nodes);
    }

    [Fact]
    public async Task Trying_the_store_changes_nothing_and_fails_when_either_reads_or_writes_do()
    {
        NodeEntry first = Entry(1);
        await _registry.TryAsync(first, default);
        Assert.Empty((await _registry.ListAsync(default)).Nodes);
        NodeEntry second = Entry(1);
        await _registry.RegisterAsync(second, null, default);

        await _registry.TryAsync(first, default);
        await _registry.TryAsync(second, default);

        Assert.Equal(second, (await _registry.FindAsync(new NodeId(1), default))!.Value.Entry);
        foreach ((StoreRequest failing, Fault fault) in new[] { (StoreRequest.Head, Fault.Refuse), (StoreRequest.Put, Fault.Refuse), (StoreRequest.Put, Fault.UnknownLost) })
        {
            NodeRegistry cut = new(new FaultyObjectStore(_store, (request, _, _) => request == failing ? fault : Fault.None));
            Assert.Equal(StorageErrorKind.Unavailable, (await Assert.ThrowsAsync<StorageException>(async () => await cut.TryAsync(second, default))).Kind);
        }
    }

    [Fact]
    public async Task J2_of_many_who_want_to_be_the_first_one_is()
    {
        Assert.Null(await _registry.FindFirstAsync(default));
        bool[] won = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => _registry.TakeFirstAsync(Entry(i), null, default).AsTask()));
        Assert.Single(won, isFirst => isFirst);

        (_, string seen) = (await _registry.FindFirstAsync(default))!.Value;
        won = await Task.WhenAll(Enumerable.Range(11, 8).Select(i => _registry.TakeFirstAsync(Entry(i), seen, default).AsTask()));

        Assert.Single(won, isFirst => isFirst);
        Assert.InRange((await _registry.FindFirstAsync(default))!.Value.Entry.Node.Value, 11, 18);
    }

    [Fact]
    public async Task Place_of_the_first_is_kept_by_one_request_while_nobody_takes_it()
    {
        NodeEntry mine = Entry(1);
        NodeEntry other = Entry(2);
        await _registry.TakeFirstAsync(other, null, default);
        List<StoreRequest> requests = [];
        NodeRegistry keeper = new(new FaultyObjectStore(_store, (request, _, _) =>
        {
            requests.Add(request);
            return Fault.None;
        }));

        Assert.Equal(new FirstPlace(null, false), await keeper.KeepFirstAsync(mine, null, default));
        FirstPlace kept = await keeper.KeepFirstAsync(mine, null, default);
        Assert.Equal((await _registry.FindFirstAsync(default))!.Value, (mine, kept.ETag));

        requests.Clear();
        Assert.Equal(kept, await keeper.KeepFirstAsync(mine, kept.ETag, default));
        Assert.Equal([StoreRequest.Head], requests);

        Assert.True(await _registry.TakeFirstAsync(other, kept.ETag, default));
        requests.Clear();
        Assert.True((await keeper.KeepFirstAsync(mine, kept.ETag, default)).IsTakenBack);
        Assert.Equal([StoreRequest.Head, StoreRequest.Put], requests);
        Assert.Equal(mine, (await _registry.FindFirstAsync(default))!.Value.Entry);
    }

    [Theory]
    [InlineData(Fault.UnknownApplied, true)]
    [InlineData(Fault.UnknownLost, false)]
    public async Task Write_whose_answer_is_lost_is_settled_by_a_look(Fault fate, bool holds)
    {
        NodeRegistry registry = new(new FaultyObjectStore(_store, (request, _, _) => request == StoreRequest.Put ? fate : Fault.None));

        if (holds)
        {
            Assert.True(await registry.RegisterAsync(Entry(1), null, default));
        }
        else
        {
            StorageException unknown = await Assert.ThrowsAsync<StorageException>(() => registry.RegisterAsync(Entry(1), null, default).AsTask());
            Assert.Equal(StorageErrorKind.Unavailable, unknown.Kind);
        }
    }

    [Fact]
    public async Task Damaged_entry_is_told_at_every_byte_and_hides_no_other()
    {
        await _registry.RegisterAsync(Entry(1), null, default);
        string key = _store.Keys.Single();
        NodeEntry other = Entry(2);
        await _registry.RegisterAsync(other, null, default);
        byte[] sound = _store.Read(key);
        for (int position = 0; position < sound.Length; position++)
        {
            _store.Damage(key, _ => [.. sound[..position], (byte)(sound[position] ^ 4), .. sound[(position + 1)..]]);
            (IReadOnlyList<NodeEntry> nodes, IReadOnlyList<ObjectKey> unreadable) = await _registry.ListAsync(default);
            Assert.Equal([other], nodes);
            Assert.Equal([new ObjectKey(key)], unreadable);
        }

        // Whoever starts under that id puts its own in the place.
        Assert.True(await _registry.RegisterAsync(Entry(1), await _registry.FindETagAsync(new NodeId(1), default), default));
        Assert.Empty((await _registry.ListAsync(default)).Unreadable);
    }

    private static NodeEntry Entry(int node) => new(new NodeId(node), Guid.NewGuid(), $"host-é:{node}", 1_234);
}
