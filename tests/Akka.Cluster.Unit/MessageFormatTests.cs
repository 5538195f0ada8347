using System.Runtime.Serialization;
using Akka.Cluster.Serialization;
using Akka.Remote.Serialization;
using Akka.Remote.Transport;
using Akka.Remote.Watch;
using Akka.Serialization;
using Akka.Util;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

/// <summary>Bytes between nodes: what is written is read, and nothing else is.</summary>
public sealed class MessageFormatTests
{
    private const int Seed = 20260;

    private static readonly ClusterMessageSerializer ClusterSerializer = new(null!);

    private static readonly WatchMessageSerializer WatchSerializer = new(null!);

    private static readonly object[] Messages =
    [
        InitJoin.Instance,
        new InitJoinAck(Node('a').Address),
        new InitJoinNack(Node('b').Address),
        new Join(Node('a'), ["store", "front"], AppVersion.Create("1.2.3")),
        new ExitingConfirmed(Node('c')),
        new Heartbeat(Node('a').Address, 17),
        new HeartbeatResponse(Node('b', uid: -5), long.MaxValue),
        new WatchPath("akka.tcp://test@a:2552/user/x#17"),
        new UnwatchPath(""),
        new PathStopped("akka.tcp://test@a:2552/user/ü", true),
        WatchHeartbeat.Instance,
        new WatchHeartbeatResponse(7),
    ];

    [Fact]
    public void Message_is_read_as_it_was_written()
    {
        foreach (object message in Messages)
        {
            SerializerWithStringManifest serializer = SerializerOf(message);
            object read = serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message));

            if (message is Join join)
            {
                Join other = Assert.IsType<Join>(read);
                Assert.Equal((join.Node, join.AppVersion), (other.Node, other.AppVersion));
                Assert.True(join.Roles.SetEquals(other.Roles));
            }
            else
            {
                Assert.Equal(message, read);
            }
        }
    }

    [Fact]
    public void Gossip_is_read_as_it_was_written()
    {
        for (int seed = 1; seed <= 200; seed++)
        {
            Gossip gossip = Fixtures.Random(new Random(seed));
            GossipEnvelope read = (GossipEnvelope)RoundTrip(new GossipEnvelope(Node('a'), Node('b', uid: 3), gossip));

            Assert.Equal((Node('a'), Node('b', uid: 3)), (read.From, read.To));
            Assert.Equal(gossip.ToString(), read.Gossip.ToString());
            Assert.Equal(gossip.Members.Select(member => member.ToString()), read.Gossip.Members.Select(member => member.ToString()));
            Assert.Equal(VersionOrder.Same, gossip.Version.CompareTo(read.Gossip.Version));
            Assert.True(gossip.Seen.SetEquals(read.Gossip.Seen));
            Assert.True(gossip.Tombstones.ToHashSet().SetEquals(read.Gossip.Tombstones));
            Assert.All(gossip.Reachability.Rows, row =>
            {
                Assert.Equal(row.Value.Version, read.Gossip.Reachability.Rows[row.Key].Version);
                Assert.True(row.Value.Subjects.ToHashSet().SetEquals(read.Gossip.Reachability.Rows[row.Key].Subjects));
            });
        }
    }

    [Fact]
    public void Version_of_a_status_is_read_as_it_was_written()
    {
        VectorClock version = VectorClock.Empty.Increment(Node('a')).Increment(Node('b')).Increment(Node('a'));

        GossipStatus read = (GossipStatus)RoundTrip(new GossipStatus(Node('a'), version, 3));

        Assert.Equal(VersionOrder.Same, version.CompareTo(read.Version));
        Assert.Equal(3, read.SeenCount);
    }

    [Fact]
    public void Message_that_is_cut_short_or_too_long_is_refused()
    {
        object[] all = [.. Messages, new GossipEnvelope(Node('a'), Node('b'), Fixtures.Random(new Random(Seed))), new Welcome(Node('a'), Up("abc").Unreachable("a>b"))];
        foreach (object message in all)
        {
            SerializerWithStringManifest serializer = SerializerOf(message);
            byte[] bytes = serializer.ToBinary(message);
            string manifest = serializer.Manifest(message);
            for (int length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes[..length], manifest));
            }

            Assert.Throws<SerializationException>(() => serializer.FromBinary([.. bytes, 0], manifest));
        }
    }

    [Fact]
    public void Garbage_is_read_as_something_or_refused_and_nothing_else_happens()
    {
        Random random = new(Seed);
        byte[] sample = ClusterSerializer.ToBinary(new Welcome(Node('a'), Up("abcde").Unreachable("a>b c>b")));
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = (byte[])sample.Clone();
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                bytes[random.Next(1, bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Assert.IsType<Welcome>(ClusterSerializer.FromBinary(bytes, "W"));
            }
            catch (SerializationException)
            {
                // As it should be; any other exception fails the test.
            }
        }
    }

    [Fact]
    public void Message_of_another_version_is_refused_by_name_of_the_version()
    {
        byte[] bytes = ClusterSerializer.ToBinary(InitJoin.Instance);
        bytes[0]++;

        SerializationException refusal = Assert.Throws<UnknownFormatException>(() => ClusterSerializer.FromBinary(bytes, "IJ"));
        Assert.Contains("version 2", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Handshake_is_read_as_it_was_written()
    {
        ByteWriter writer = new();
        Hello hello = new(Node('a').Address, 17, Node('b').Address);
        Handshake.Write(writer, hello);
        (ushort version, int bodyBytes) = Handshake.ReadHeader(writer.Written.Span[..Handshake.HeaderBytes]);

        Assert.Equal((Handshake.Version, writer.Length - Handshake.HeaderBytes), (version, bodyBytes));
        Assert.Equal(hello, Handshake.ReadHello(writer.Written.Span[Handshake.HeaderBytes..]));
    }

    [Fact]
    public void Answer_of_another_version_says_only_its_version()
    {
        HelloReply reply = Handshake.ReadReply(9, [1, 2, 3]);

        Assert.Equal((HandshakeResult.OtherVersion, (ushort)9), (reply.Result, reply.Version));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1")]
    [InlineData("akkb\u0000\u0001\u007f\u007f\u007f\u007f")]
    public void Header_of_another_protocol_or_of_no_sense_is_refused(string header) =>
        Assert.Throws<SerializationException>(() => Handshake.ReadHeader([.. header.Select(c => (byte)c)]));

    private static object RoundTrip(object message) => ClusterSerializer.FromBinary(ClusterSerializer.ToBinary(message), ClusterSerializer.Manifest(message));

    private static SerializerWithStringManifest SerializerOf(object message) => message is IWatchMessage ? WatchSerializer : ClusterSerializer;
}
