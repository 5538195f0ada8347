using Akka.Actor;
using Broker.Actors.Clustering;
using Broker.Actors.Unit.EndToEnd;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Clustering;

/// <summary>What a start that is cut off from the others learns from the bucket.</summary>
public sealed class FirstPlaceActorTests : ActorTest
{
    private readonly InMemoryObjectStore _store = new();

    [Fact]
    public async Task J3_coordinators_node_becomes_the_first_and_takes_the_place_back_from_others()
    {
        NodeRegistry registry = new(_store);
        NodeEntry before = Entry(1);
        await registry.TakeFirstAsync(before, null, default);
        NodeEntry mine = Entry(2);
        int failures = 2;
        NodeRegistry faulty = new(new FaultyObjectStore(_store, (_, _, _) => Interlocked.Decrement(ref failures) >= 0 ? Fault.Refuse : Fault.None));

        Sys.ActorOf(Props.Create(() => new FirstPlaceActor(faulty, mine, NullLogger.Instance)));
        await IsFirstAsync();
        (_, string etag) = (await registry.FindFirstAsync(default))!.Value;
        Assert.True(await registry.TakeFirstAsync(Entry(3), etag, default));

        await IsFirstAsync();

        Task IsFirstAsync() => Eventually.HoldsAsync(async () => (await registry.FindFirstAsync(default))!.Value.Entry == mine, "the coordinator's node is not the first");
    }

    private static NodeEntry Entry(int node) => new(new NodeId(node), Guid.NewGuid(), $"127.0.0.1:{node}", 0);
}
