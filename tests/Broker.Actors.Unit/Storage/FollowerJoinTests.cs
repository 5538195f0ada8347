using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Storage;

public sealed class FollowerJoinTests : ActorTest
{
    // Who ends then is the coordinator; a start waits for the next one.
    [Theory]
    [InlineData(StorageErrorKind.Fenced, StorageErrorKind.Unavailable)]
    [InlineData(StorageErrorKind.Unavailable, StorageErrorKind.Unavailable)]
    [InlineData(StorageErrorKind.Invalid, StorageErrorKind.Invalid)]
    public async Task Coordinator_that_is_replaced_while_a_node_starts_is_no_reason_to_end(StorageErrorKind answered, StorageErrorKind told)
    {
        IActorRef client = Sys.ActorOf(Props.Create(() => new Refusing(answered)));
        Configuration.BrokerOptions options = TestOptions.Of();
        FollowerJoin join = new(options, options.Place, new MetadataView(MetadataImage.Empty), client, NullLogger.Instance, TimeProvider.System);

        StorageException failure = await Assert.ThrowsAsync<StorageException>(() => join.JoinAsync(null!, CancellationToken.None));

        Assert.Equal(told, failure.Kind);
    }

    private sealed class Refusing : ReceiveActor
    {
        public Refusing(StorageErrorKind kind) => Receive<ReadMetadata>(_ => Sender.Tell(new CommandFailed(kind, "test")));
    }
}
