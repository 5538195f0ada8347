using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.Actors.Partitions;
using Broker.Actors.Unit.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Partitions;

/// <summary>What a node, here node 2, does when the metadata change.</summary>
public sealed class PartitionManagerActorTests : ActorTest
{
    private readonly MetadataView _view = new(MetadataImage.Empty);
    private readonly PartitionDirectory _partitions = new();
    private readonly List<(StreamId Stream, long ShownVersion)> _led = [];

    // An image may come that has skipped some: a partition's producers are looked for in what the node shows, which must be what opened it.
    [Fact]
    public async Task Partition_is_opened_when_the_image_that_opened_it_is_shown()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 2, records: 0);
        MetadataImage image = ground.View.Current;
        Start().Tell(new ImageCommitted(image, [(TestActor, "reply")]), ActorRefs.NoSender);

        ExpectMsg("reply");
        Assert.Equal(ground.Streams.Select(stream => (stream, image.Version)), _led.OrderBy(one => one.Stream));
        Assert.All(ground.Streams, stream => Assert.NotNull(_partitions.Find(stream)));
    }

    private IActorRef Start()
    {
        TestClock clock = new();
        PartitionServices partition = new(new LogCache(new LogCacheOptions(), clock), new PartitionFixture.FakeHistory(), ActorRefs.Nobody, TestOptions.Of().Topics, clock, NullLogger.Instance)
        {
            WalBound = TestOptions.Of().Storage.WalAppendBound,
            Metadata = ActorRefs.Nobody,
        };
        GroupServices groups = new(TestOptions.Of().Groups, new BufferPool(new BufferPoolOptions()), clock, Guid.NewGuid, NullLogger.Instance);
        PartitionManagerServices services = new(Two, 1, LogOfTwo, TestOptions.Settings(), _view, _partitions, new GroupDirectory(), partition, groups, cause => Assert.Fail(cause.Message))
        {
            OnLed = stream => _led.Add((stream, _view.Current.Version)),
        };
        return Sys.ActorOf(Props.Create(() => new PartitionManagerActor(services)));
    }
}
