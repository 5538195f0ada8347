using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Event;
using Akka.Remote;
using Akka.Remote.Transport;
using Akka.Serialization;

namespace Akka.Cluster.Unit;

/// <summary>Whatever comes to a node's port, and however much of it: the log stays short, and others are served.</summary>
public sealed class RemotingFloodTests : IAsyncLifetime
{
    private const int Flood = 2000;

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(20);

    private readonly ActorSystem _system = ActorSystem.Create("test", """
        akka {
          actor.provider = cluster
          stdout-loglevel = OFF
          loglevel = INFO
          loggers = []
          log-dead-letters = on
          remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0, maximum-frame-size = 4MiB }
        }
        """);

    private readonly Channel<object> _kept = Channel.CreateUnbounded<object>();

    private Address Address => ((ExtendedActorSystem)_system).Provider.DefaultAddress;

    private string Keeper => $"{Address}/user/keeper";

    public Task InitializeAsync()
    {
        ClusterSharding.Get(_system);
        ChannelWriter<object> kept = _kept.Writer;
        _system.ActorOf(Props.Create(() => new Teller(kept)), "keeper");
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => _system.Terminate();

    [Theory]
    [InlineData("unknown serializer", 99, "Z", new byte[] { 1, 2, 3 }, "version")]
    [InlineData("damaged gossip", 5, "GE", new byte[] { 1, 0xff, 0xff, 0xff }, "damaged")]
    [InlineData("gossip of another version", 5, "GE", new byte[] { 9, 0, 0 }, "version 9")]
    [InlineData("unknown message of the cluster", 5, "XY", new byte[] { 1 }, "version")]
    [InlineData("damaged message of sharding", 13, "EC", new byte[] { 1, 0 }, "damaged")]
    [InlineData("sharding of another version", 13, "EC", new byte[] { 2, 0 }, "version 2")]
    [InlineData("within a message of sharding", 13, "EC", new byte[] { 1, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0 }, "version")]
    public async Task Messages_that_can_not_be_read_are_one_line(string what, int serializer, string manifest, byte[] payload, string told)
    {
        LogEvent[] lines = await LinesOfAsync(Peer(1), RawPeer.MessageFrame(Keeper, serializer, manifest, payload));

        Assert.True(lines.Length == 1, $"{what}: {lines.Length} lines, the first: {lines.FirstOrDefault()}");
        Assert.Equal((Akka.Event.LogLevel.WarningLevel, null), (lines[0].LogLevel(), lines[0].Cause));
        Assert.Contains($"[{Peer(1)} at 127.0.0.1]", lines[0].Message.ToString(), StringComparison.Ordinal);
        Assert.Contains(told, lines[0].Message.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_for_no_actor_of_the_node_are_one_line()
    {
        LogEvent[] lines = await LinesOfAsync(Peer(1), RawPeer.MessageFrame("akka.tcp://test@127.0.0.1:2/user/x", 17, "S", "x"u8.ToArray()));

        Assert.Contains($"[{Peer(1)} at 127.0.0.1]", Assert.Single(lines).Message.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_for_actors_that_are_not_there_are_few_lines_and_few_dead_letters()
    {
        Channel<object> letters = Listen(typeof(DeadLetter));

        LogEvent[] lines = await LinesOfAsync(Peer(1), RawPeer.MessageFrame($"{Address}/user/nobody", 17, "S", "x"u8.ToArray()));

        Assert.InRange(lines.Length, 1, 20);
        Assert.InRange(letters.Reader.Count, 1, Flood / 2);
    }

    [Fact]
    public async Task What_a_peer_writes_into_its_messages_makes_no_lines_of_its_own()
    {
        string forged = "\n2026-01-01 ERR all is lost" + new string('x', 20_000);

        LogEvent[] lines = await LinesOfAsync(Peer(1), RawPeer.MessageFrame(forged, 5, forged, [1], forged));

        string line = Assert.Single(lines).Message.ToString()!;
        Assert.DoesNotContain('\n', line);
        Assert.InRange(line.Length, 1, 1500);
    }

    [Fact]
    public async Task Peers_of_ever_new_addresses_are_a_bounded_number_of_lines()
    {
        const int Peers = 200;
        Channel<object> log = Listen(typeof(LogEvent));
        for (int i = 1; i <= Peers; i++)
        {
            using TcpClient peer = await RawPeer.ShakeHandsAsync(Peer(i), Address);
            await peer.GetStream().WriteAsync(RawPeer.MessageFrame(Keeper, 99, "Z", []));
            await WriteAndAwaitLastAsync(peer);
        }

        Assert.InRange(Entries(log).Length, 2, 50);
    }

    [Fact]
    public async Task Connections_of_garbage_are_one_line()
    {
        Channel<object> log = Listen(typeof(LogEvent));
        for (int i = 0; i < 200; i++)
        {
            using TcpClient garbage = await RawPeer.ConnectAsync(Address, "GET / HTTP/1.1\r\n\r\n"u8.ToArray());
            await RawPeer.AssertClosedAsync(garbage);
        }

        LogEvent line = Assert.Single(Entries(log));
        Assert.Contains("127.0.0.1", line.Message.ToString(), StringComparison.Ordinal);
        Assert.Null(line.Cause);
    }

    [Fact]
    public async Task Refused_connections_are_one_line_for_each_reason()
    {
        Channel<object> log = Listen(typeof(LogEvent));
        byte[] other = RawPeer.Hello(Peer(1), 17, Address);
        other[5]++;
        for (int i = 0; i < 100; i++)
        {
            using TcpClient version = await RawPeer.ConnectAsync(Address, other);
            Assert.Equal(HandshakeResult.OtherVersion, (await RawPeer.ReadReplyAsync(version)).Result);
            await RawPeer.AssertClosedAsync(version);
            using TcpClient address = await RawPeer.ConnectAsync(Address, RawPeer.Hello(Peer(1), 17, Address.WithPort(1)));
            Assert.Equal(HandshakeResult.OtherAddress, (await RawPeer.ReadReplyAsync(address)).Result);
            await RawPeer.AssertClosedAsync(address);
        }

        Assert.Equal(2, Entries(log).Length);
    }

    [Fact]
    public async Task Other_peers_are_served_while_one_sends_what_can_not_be_read()
    {
        using TcpClient bad = await RawPeer.ShakeHandsAsync(Peer(1), Address);
        using TcpClient good = await RawPeer.ShakeHandsAsync(Peer(2), Address);
        byte[] unreadable = RawPeer.MessageFrame(Keeper, 5, "GE", [1, 7]);
        bool[] stop = [false];
        Task flood = FloodAsync();
        for (int i = 0; i < 200; i++)
        {
            await good.GetStream().WriteAsync(Readable($"good {i}"));
            Assert.Equal($"good {i}", await _kept.Reader.ReadAsync().AsTask().WaitAsync(Within));
        }

        Assert.False(flood.IsCompleted, "the flood has not ended before");
        Volatile.Write(ref stop[0], true);
        await flood;

        async Task FloodAsync()
        {
            while (!Volatile.Read(ref stop[0]))
            {
                await bad.GetStream().WriteAsync(unreadable);
            }
        }
    }

    [Fact]
    public async Task Peers_that_only_come_leave_nothing_behind()
    {
        TcpRemoting remoting = ((RemoteActorRefProvider)((ExtendedActorSystem)_system).Provider).Remoting;
        for (int i = 1; i <= 50; i++)
        {
            using TcpClient peer = await RawPeer.ShakeHandsAsync(Peer(i), Address);
            await peer.GetStream().WriteAsync(RawPeer.MessageFrame($"{Peer(1000 + i)}/user/x", 17, "S", "x"u8.ToArray()));
            await peer.GetStream().WriteAsync(RawPeer.MessageFrame($"{Address}/user/nobody", 17, "S", "x"u8.ToArray(), $"{Peer(2000 + i)}/user/y"));
            await WriteAndAwaitLastAsync(peer);
        }

        Assert.Equal(0, remoting.Associations);
    }

    // Without a bound, one message takes the whole process with it: the stack ends, if memory does not before.
    [Theory]
    [InlineData(16, "ID", 0)]
    [InlineData(13, "EC", 5)]
    public async Task Message_within_too_many_others_is_dropped(int serializer, string manifest, int bytesBefore)
    {
        const int Depth = 100_000;
        int bytesEach = bytesBefore + (3 * sizeof(int)) + manifest.Length;
        ByteWriter writer = new();
        for (int left = Depth - 1; left >= 0; left--)
        {
            if (bytesBefore > 0)
            {
                writer.WriteByte(1);
                writer.WriteString("");
            }

            writer.WriteInt32(serializer);
            writer.WriteString(manifest);
            writer.WriteInt32(left * bytesEach);
        }

        byte[] payload = writer.ToArray();
        Channel<object> log = Listen(typeof(LogEvent));
        using TcpClient peer = await RawPeer.ShakeHandsAsync(Peer(1), Address);
        await peer.GetStream().WriteAsync(RawPeer.MessageFrame(Keeper, serializer, manifest, payload));
        await WriteAndAwaitLastAsync(peer);

        Assert.Contains("messages within each other", Assert.Single(Entries(log)).Message.ToString(), StringComparison.Ordinal);
    }

    /// <summary>What is logged while a peer sends the same frame again and again.</summary>
    private async Task<LogEvent[]> LinesOfAsync(Address from, byte[] frame)
    {
        Channel<object> log = Listen(typeof(LogEvent));
        using TcpClient peer = await RawPeer.ShakeHandsAsync(from, Address);
        for (int i = 0; i < Flood; i++)
        {
            await peer.GetStream().WriteAsync(frame);
        }

        await WriteAndAwaitLastAsync(peer);
        return Entries(log);
    }

    /// <summary>All that was sent before has been dealt with when this returns.</summary>
    private async Task WriteAndAwaitLastAsync(TcpClient peer)
    {
        await peer.GetStream().WriteAsync(Readable("last"));
        Assert.Equal("last", await _kept.Reader.ReadAsync().AsTask().WaitAsync(Within));
    }

    private byte[] Readable(string text) => RawPeer.MessageFrame(Keeper, 17, "S", Encoding.UTF8.GetBytes(text));

    private Channel<object> Listen(Type type)
    {
        Channel<object> heard = Channel.CreateUnbounded<object>();
        _system.EventStream.Subscribe(new Ear(heard.Writer), type);
        return heard;
    }

    /// <summary>Lines of warnings and above, and of dead letters.</summary>
    private static LogEvent[] Entries(Channel<object> log)
    {
        List<LogEvent> entries = [];
        while (log.Reader.TryRead(out object? next))
        {
            LogEvent entry = (LogEvent)next;
            if (entry.LogLevel() >= Akka.Event.LogLevel.WarningLevel || entry.Message.ToString()!.Contains("dead letters", StringComparison.Ordinal))
            {
                entries.Add(entry);
            }
        }

        return [.. entries];
    }

    private static Address Peer(int number) => new(TcpRemoting.Protocol, "test", $"peer-{number}", 2552);

    /// <summary>Hears what is published at once, without a mailbox between.</summary>
    private sealed class Ear(ChannelWriter<object> heard) : MinimalActorRef
    {
        public override ActorPath Path { get; } = new RootActorPath(new Address("akka", "test")) / "ear";

        protected override void TellInternal(object message, IActorRef sender) => heard.TryWrite(message);
    }

    private sealed class Teller : UntypedActor
    {
        private readonly ChannelWriter<object> _writer;

        public Teller(ChannelWriter<object> writer) => _writer = writer;

        protected override void OnReceive(object message) => _writer.TryWrite(message);
    }
}
