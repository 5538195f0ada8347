using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Coordination;

/// <summary>A bucket with the metadata of two nodes, a coordinator, and what of node 1 follows it. The streams are led by node 2, whose log in the bucket holds their records.</summary>
internal sealed class ClusterGround
{
    public static readonly NodeId One = new(1);
    public static readonly NodeId Two = new(2);
    public static readonly WalId LogOfOne = new(new Guid(1, 0, 0, new byte[8]));
    public static readonly WalId LogOfTwo = new(new Guid(2, 0, 0, new byte[8]));

    // Tests wait for it where the store leaves a commit in doubt; the opening must not fail where the machine is busy for a moment.
    private static readonly TimeSpan InDoubtFor = TimeSpan.FromSeconds(1);

    /// <summary>Commits arrive in the store, which answers nothing then.</summary>
    public volatile bool CommitsAreInDoubt;

    /// <summary>The store refuses all that concerns the metadata.</summary>
    public volatile bool CommitsAreRefused;

    private ClusterGround(IObjectStore bucket) => Bucket = bucket;

    public IObjectStore Bucket { get; private set; }

    public MetadataView View { get; private set; } = null!;

    /// <summary>The client of node 1.</summary>
    public IActorRef Client { get; private set; } = null!;

    /// <summary>The one that the client of node 1 asks.</summary>
    public IActorRef Coordinator { get; private set; } = null!;

    public IActorRef Manager { get; private set; } = null!;

    public IReadOnlyList<StreamId> Streams { get; private set; } = [];

    /// <param name="system">Where its actors run.</param>
    /// <param name="records">How many batches of ten records the log of node 2 holds of each stream.</param>
    /// <param name="missing">Which of them it does not; null: none.</param>
    public static async Task<ClusterGround> CreateAsync(ActorSystem system, int streams, int records, int? missing = null)
    {
        InMemoryObjectStore memory = new();
        ClusterGround ground = new(memory);
        ground.Bucket = new FaultyObjectStore(memory, (request, key, _) =>
            !(ground.CommitsAreRefused || ground.CommitsAreInDoubt) || (request != StoreRequest.List && !key.Value.StartsWith("meta/", StringComparison.Ordinal)) ? Fault.None
            : ground.CommitsAreInDoubt && request == StoreRequest.Put ? Fault.UnknownApplied : Fault.Refuse);
        MetadataLog log = await ground.OpenLogAsync();
        CoordinatorServices services = new(One, TimeProvider.System, new SeededIdSource(3).Next, NullLogger.Instance, _ => { });
        ground.Coordinator = system.ActorOf(Props.Create(() => new CoordinatorActor(log, services)));
        ground.View = new MetadataView(log.Image);
        ground.Manager = system.ActorOf(Props.Create(() => new ManagerStub(ground)));
        MetadataClientServices client = new(
            new ToCoordinator(ground),
            ground.View,
            ct => MetadataLog.ReadAsync(ground.Bucket, new MetadataLogOptions(), ct).AsTask(),
            (version, ct) => MetadataLog.MayHaveNewerAsync(ground.Bucket, new MetadataLogOptions(), version, ct).AsTask(),
            TimeProvider.System,
            NullLogger.Instance);
        ground.Client = system.ActorOf(Props.Create(() => new MetadataClientActor(client)));
        ground.Client.Tell(new ManageWith(ground.Manager));

        // In this order, so that node 2 leads all.
        await ground.RegisterAsync(Two, LogOfTwo);
        await ground.AskAsync<TopicsChanged>(new MakeTopics([new NewTopic("t", streams, new Dictionary<string, string>())]));
        await ground.RegisterAsync(One, LogOfOne);
        ground.Streams = [.. ground.View.Current.FindTopic("t")!.Partitions];
        await ground.WriteAsync(Enumerable.Range(0, records).Where(number => number != missing));
        return ground;
    }

    public HashSet<StreamId> Held { get; } = [];

    /// <summary>Takes the metadata over, from whoever coordinates.</summary>
    public Task<MetadataLog> OpenLogAsync() => MetadataLog.OpenAsync(Bucket, new MetadataLogOptions { ResolveTimeout = InDoubtFor }, CancellationToken.None).AsTask();

    /// <summary>From now on the client of node 1 asks this one.</summary>
    public void CoordinateBy(IActorRef coordinator) => Coordinator = coordinator;

    public async Task<T> AskAsync<T>(object command) => Assert.IsType<T>(await Client.Ask(command, TimeSpan.FromSeconds(20)));

    public Task<NodeIsRegistered> RegisterAsync(NodeId node, WalId log) =>
        AskAsync<NodeIsRegistered>(new RegisterNode(node, new NodePlace($"node-{node}:1", "", []), log, "host", $"{AttachedWal.BucketScheme}{BucketWalOptions.PrefixOf(log)}", []));

    /// <summary>Node 2's upload of a stream's records up to an offset, that nothing was uploaded of.</summary>
    public async Task<CommitUpload> UploadAsync(StreamId stream, Offset end)
    {
        ObjectId id = (await AskAsync<ObjectIdGiven>(GiveObjectId.Instance)).ObjectId;
        StreamRange range = new(stream, View.Current.Streams[stream].Epoch, Offset.Zero, end, 0, 10, 0, 10, 0, 0);
        return new CommitUpload(new ObjectCommitted(id, DataKeys.For(id), ObjectKind.StreamSet, 100, 0, [range]));
    }

    private async Task WriteAsync(IEnumerable<int> batches)
    {
        BucketWalOptions options = new() { Prefix = BucketWalOptions.PrefixOf(LogOfTwo), OwnerEpoch = 1, CapacityBytes = 1 << 20, MaxBatchBytes = 64 << 10, MaxPutsPerSecond = 0, MaxLinger = TimeSpan.Zero };
        BucketWal wal = new(Bucket, options);
        await foreach (WalRecoveredRecord _ in wal.RecoverAsync(CancellationToken.None))
        {
            Assert.Fail("the log is new");
        }

        foreach (int number in batches)
        {
            await wal.AppendAsync([.. Streams.Select(stream => Record(stream, number))], CancellationToken.None);
        }
    }

    private static WalRecord Record(StreamId stream, int number)
    {
        byte[] payload = new byte[100];
        return new WalRecord(stream, new LeaderEpoch(0), new Offset(number * 10), new Offset((number * 10) + 9), 0, payload, Wire.Records.Crc32C.Compute(payload));
    }

    private sealed class ToCoordinator(ClusterGround ground) : ICanTell
    {
        public void Tell(object message, IActorRef sender) => ground.Coordinator.Tell(message, sender);
    }

    /// <summary>What of the partition manager matters here.</summary>
    private sealed class ManagerStub : ReceiveActor
    {
        public ManagerStub(ClusterGround ground)
        {
            Receive<ImageCommitted>(committed =>
            {
                ground.View.Publish(committed.Image);
                foreach ((IActorRef to, object message) in committed.Replies)
                {
                    to.Tell(message);
                }
            });
            Receive<HoldStreams>(hold => Locked(() => ground.Held.UnionWith(hold.Streams)));
            Receive<ReleaseStreams>(release => Locked(() => ground.Held.ExceptWith(release.Streams)));

            void Locked(Action change)
            {
                lock (ground.Held)
                {
                    change();
                }
            }
        }
    }
}
