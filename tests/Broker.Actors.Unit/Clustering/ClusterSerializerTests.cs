using Akka.Actor;
using Broker.Actors.Clustering;
using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;

namespace Broker.Actors.Unit.Clustering;

/// <summary>What travels between nodes, and what comes of bytes that are none of it.</summary>
public sealed class ClusterSerializerTests : ActorTest
{
    private static readonly StreamId Stream = new(7);
    private static readonly NodeId Node = new(3);
    private static readonly WalId Wal = new(new Guid(1, 2, 3, new byte[8]));
    private static readonly StreamRange Range = new(Stream, new LeaderEpoch(2), new Offset(5), new Offset(9), 1, 100, 800, 50, 900, 20);
    private static readonly ObjectCommitted Object = new(new ObjectId(4), new ObjectKey("data/4"), ObjectKind.StreamSet, 1_000, 42, [Range]);

    private readonly ClusterSerializer _serializer;

    public ClusterSerializerTests() => _serializer = new ClusterSerializer((ExtendedActorSystem)Sys);

    public static TheoryData<string> Commands => [.. AllCommands.Keys];

    public static TheoryData<string> Replies => [.. AllReplies.Keys];

    private static Dictionary<string, object> AllCommands { get; } = new object[]
    {
        new MakeTopics([new NewTopic("t-é", 3, new Dictionary<string, string> { ["a"] = "b" }), new NewTopic("u", 1, new Dictionary<string, string>()) { Leaders = [Node] }]),
        new RemoveTopics([Guid.NewGuid()]),
        GiveProducerId.Instance,
        GiveObjectId.Instance,
        new CommitUpload(Object),
        new CommitCompaction(new ObjectCompacted(Object, [new ObjectId(1), new ObjectId(2)]), new StreamCleaned(Stream, new Offset(8))),
        new CloseObjectIds(new ObjectId(9)),
        new TrimStreams([new StreamTrimmed(Stream, new Offset(4))]),
        new ForgetObjects([new ObjectId(1)]),
        ReadMetadata.Instance,
        new RegisterNode(Node, new NodePlace("host:1", "rack", [new NodeEndpoint("PLAINTEXT", "PLAINTEXT", "h", 9092)]), Wal, "host", "bucket:wal/x", [Wal]),
        new ReleaseNode(Node, 4, Wal),
        new MarkNodeGone(Node, 4),
        new NodeDrains(Node, 4),
        new MarkWalFenced(Wal, 4),
        new OpenStreams(Node, 4, Wal, [Wal], [new StreamOpening(Stream, new Offset(40), new Offset(50))]),
        new CloseStreams([new StreamEnd(Stream, new LeaderEpoch(2), new Offset(7))]),
        ReleasePaidWals.Instance,
    }.ToDictionary(command => command.GetType().Name);

    private static Dictionary<string, object> AllReplies { get; } = new object[]
    {
        new TopicsChanged([new TopicResult(ErrorCode.TopicAlreadyExists, "é", Guid.NewGuid()), new TopicResult(ErrorCode.None, null, Guid.Empty)]),
        new ProducerIdGiven(ErrorCode.None, 77),
        new ObjectIdGiven(new ObjectId(5)),
        new UploadCommitted([new UploadRefusal(Stream, UploadRefusalReason.StaleEpoch, "why")]),
        UploadTooLate.Instance,
        new CompactionCommitted(MetadataImage.Empty),
        new ObjectIdsAreClosed(MetadataImage.Empty),
        new StreamsTrimmed(MetadataImage.Empty),
        new StreamsAreClosed(MetadataImage.Empty),
        CommandDone.Instance,
        MetadataIsRead.Instance,
        new NodeIsRegistered(6),
        new StreamsOpened(MetadataImage.Empty, [new OpeningRefusal(Stream, OpeningRefusalReason.MustRead, [Wal])]),
        new WalsReleased([new AttachedWal(Wal, Node, "host", "bucket:wal/x", 0, IsFenced: true)]),
        new CommandFailed(StorageErrorKind.Fenced, "why", IsInDoubt: true),
    }.ToDictionary(reply => reply.GetType().Name);

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_arrives_as_it_was_sent(string name)
    {
        CoordinatorRequest sent = new(12, AllCommands[name]);

        CoordinatorRequest got = (CoordinatorRequest)RoundTrip(sent);

        Assert.Equal(12, got.Id);
        Assert.Equivalent(sent.Command, got.Command, strict: true);
        Assert.Equal(sent.Command.GetType(), got.Command.GetType());
    }

    [Theory]
    [MemberData(nameof(Replies))]
    public void Reply_arrives_as_it_was_sent(string name)
    {
        CoordinatorAnswer got = (CoordinatorAnswer)RoundTrip(new CoordinatorAnswer(3, 4, null, MetadataImage.Empty, [(9, AllReplies[name])]));

        Assert.Equal((3, 4, null, null), (got.PreviousVersion, got.Version, got.Batch, got.Image));
        (long id, object reply) = Assert.Single(got.Replies);
        Assert.Equal((9, AllReplies[name].GetType()), (id, reply.GetType()));
        Assert.Equivalent(AllReplies[name], reply, strict: true);
    }

    [Fact]
    public void Commit_arrives_so_that_it_makes_the_same_image()
    {
        MetadataBatch batch = new(1_234, [new ClusterCreated("id"), new NodeRegistered(Node, 1, new NodePlace("", "", []))]);

        CoordinatorAnswer got = (CoordinatorAnswer)RoundTrip(new CoordinatorAnswer(-1, 0, batch, null, []));

        Assert.Equal(batch.TimestampMs, got.Batch!.TimestampMs);
        Assert.Equal("id", MetadataImage.Empty.Apply(got.Batch, 0).ClusterId);
    }

    [Fact]
    public void Other_messages_arrive_as_they_were_sent()
    {
        Assert.Equal(new AttachFollower(5, 7), RoundTrip(new AttachFollower(5, 7)));
        RequestsKnown known = (RequestsKnown)RoundTrip(new RequestsKnown(7, [5, 6]));
        Assert.Equal(7, known.NewestRequest);
        Assert.Equal([5, 6], known.Pending);
        Assert.Equal(new MetadataLoss(null), RoundTrip(new MetadataLoss(null)));
        Assert.Equal(new MetadataLoss("é"), RoundTrip(new MetadataLoss("é")));
        Assert.Equal(LeaveInOrder.Instance, RoundTrip(LeaveInOrder.Instance));
        Assert.Equal(new LeavesInOrder(Node), RoundTrip(new LeavesInOrder(Node)));
        Assert.Equal(WhoIsThere.Instance, RoundTrip(WhoIsThere.Instance));
        Assert.Equal(new StartIsHere(Node, Wal.Value, true), RoundTrip(new StartIsHere(Node, Wal.Value, true)));
        Assert.Equal(new LookForStart(Node, Wal.Value), RoundTrip(new LookForStart(Node, Wal.Value)));
        Assert.Same(TryStore.Instance, RoundTrip(TryStore.Instance));
        Assert.Equal([false, true], new[] { false, true }.Select(reached => ((StoreIsTried)RoundTrip(new StoreIsTried(reached))).IsReached));
        foreach (bool? found in new bool?[] { true, false, null })
        {
            Assert.Equal(new StartIsSought(found), RoundTrip(new StartIsSought(found)));
        }

        NodeLoad load = (NodeLoad)RoundTrip(new NodeLoad(Node, [(Stream, 1.5)]));
        Assert.Equal((Node, (Stream, 1.5)), (load.Node, Assert.Single(load.Streams)));
    }

    [Fact]
    public void Every_command_that_the_coordinator_plans_can_be_sent()
    {
        Type[] commands = [.. typeof(CommandPlanner).Assembly.GetTypes().Where(type => type.Namespace == typeof(MakeTopics).Namespace && IsPlanned(type))];

        Assert.Empty(commands.Select(type => type.Name).Except(AllCommands.Keys));

        // By their names: commands begin with a verb, and answers end with what was done.
        static bool IsPlanned(Type type) => type.IsPublic && type.Name.StartsWithAny("Make", "Remove", "Give", "Commit", "Close", "Trim", "Forget", "Read", "Register", "Release", "Mark", "Open")
            && !type.Name.EndsWithAny("Done", "Failed", "Committed", "Closed", "Opened", "Given", "Registered", "Released", "Refusal", "RefusalReason", "Result");
    }

    [Fact]
    public void Cut_or_foreign_bytes_are_refused()
    {
        object[] messages =
        [
            .. AllCommands.Values.Select(command => new CoordinatorRequest(1, command)),
            .. AllReplies.Values.Select(reply => new CoordinatorAnswer(1, 2, new MetadataBatch(0, [new ClusterCreated("id")]), null, [(3, reply)])),
            new NodeLoad(Node, [(Stream, 1.5)]),
            new LeavesInOrder(Node),
            new StartIsHere(Node, Wal.Value, false),
            new LookForStart(Node, Wal.Value),
            new StartIsSought(true),
            TryStore.Instance,
            new StoreIsTried(true),
            new MetadataLoss("why"),
            new RequestsKnown(7, [5, 6]),
        ];
        foreach (object message in messages)
        {
            byte[] bytes = _serializer.ToBinary(message);
            string manifest = _serializer.Manifest(message);
            for (int length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<InvalidDataException>(() => _serializer.FromBinary(bytes[..length], manifest));
            }

            Assert.Throws<InvalidDataException>(() => _serializer.FromBinary([.. bytes, 0], manifest));
        }

        Assert.Throws<InvalidDataException>(() => _serializer.FromBinary([], "request-2"));
    }

    [Fact]
    public void Random_bytes_end_in_a_message_or_a_refusal()
    {
        Random random = new(5);
        string[] manifests = ["request-1", "answer-1", "attach-1", "load-1"];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(60)];
            random.NextBytes(bytes);
            try
            {
                _serializer.FromBinary(bytes, manifests[i % manifests.Length]);
            }
            catch (InvalidDataException)
            {
                // As it should be.
            }
        }
    }

    private object RoundTrip(object message) => _serializer.FromBinary(_serializer.ToBinary(message), _serializer.Manifest(message));
}

internal static class NameTests
{
    public static bool StartsWithAny(this string name, params string[] parts) => parts.Any(part => name.StartsWith(part, StringComparison.Ordinal));

    public static bool EndsWithAny(this string name, params string[] parts) => parts.Any(part => name.EndsWith(part, StringComparison.Ordinal));
}
