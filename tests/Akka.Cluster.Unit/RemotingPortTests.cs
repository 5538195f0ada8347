using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Event;
using Akka.Remote;
using Akka.Remote.Transport;
using static Akka.Cluster.Unit.RawPeer;

namespace Akka.Cluster.Unit;

/// <summary>What a node says to those who come to its port, byte by byte.</summary>
public sealed class RemotingPortTests : IAsyncLifetime
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    private static readonly Address Stranger = new(TcpRemoting.Protocol, "test", "127.0.0.1", 1);

    private readonly ActorSystem _system = ActorSystem.Create("test", """
        akka {
          actor.provider = remote
          stdout-loglevel = OFF
          loglevel = OFF
          remote {
            outbound-message-queue-size = 10
            transport-failure-detector { heartbeat-interval = 100ms, acceptable-heartbeat-pause = 300ms }
            dot-netty.tcp { hostname = 127.0.0.1, port = 0, connection-timeout = 500ms }
          }
        }
        """);

    private readonly Channel<object> _received = Channel.CreateUnbounded<object>();

    private Address Address => ((ExtendedActorSystem)_system).Provider.DefaultAddress;

    private RemoteActorRefProvider Provider => (RemoteActorRefProvider)((ExtendedActorSystem)_system).Provider;

    public Task InitializeAsync()
    {
        ChannelWriter<object> writer = _received.Writer;
        _system.ActorOf(Props.Create(() => new Keeper(writer)), "keeper");
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => _system.Terminate();

    [Fact]
    public async Task Message_on_a_connection_of_hand_made_bytes_arrives()
    {
        using TcpClient client = await ConnectAsync(Hello(Stranger, 17, Address));
        Assert.Equal(HandshakeResult.Accepted, (await ReadReplyAsync(client)).Result);

        await client.GetStream().WriteAsync(MessageFrame("by hand"));

        Assert.Equal("by hand", await _received.Reader.ReadAsync().AsTask().WaitAsync(Within));
    }

    [Fact]
    public async Task Other_version_is_refused_with_the_own_version()
    {
        byte[] hello = Hello(Stranger, 17, Address);
        BinaryPrimitives.WriteUInt16BigEndian(hello.AsSpan(4), Handshake.Version + 1);
        using TcpClient client = await ConnectAsync(hello);

        HelloReply reply = await ReadReplyAsync(client);

        Assert.Equal((HandshakeResult.OtherVersion, Handshake.Version), (reply.Result, reply.Version));
        await AssertClosedAsync(client);
    }

    [Fact]
    public async Task Who_means_another_address_is_refused()
    {
        using TcpClient client = await ConnectAsync(Hello(Stranger, 17, Address.WithSystem("another")));

        Assert.Equal(HandshakeResult.OtherAddress, (await ReadReplyAsync(client)).Result);
        await AssertClosedAsync(client);
    }

    [Fact]
    public async Task Quarantined_run_is_told_so_and_the_next_run_is_let_in()
    {
        using TcpClient before = await ConnectAsync(Hello(Stranger, 17, Address));
        await ReadReplyAsync(before);

        Provider.Remoting.Quarantine(Stranger, 17);
        await AssertClosedAsync(before);
        using TcpClient again = await ConnectAsync(Hello(Stranger, 17, Address));
        using TcpClient next = await ConnectAsync(Hello(Stranger, 18, Address));

        Assert.Equal(HandshakeResult.Quarantined, (await ReadReplyAsync(again)).Result);
        Assert.Equal(HandshakeResult.Accepted, (await ReadReplyAsync(next)).Result);
    }

    [Fact]
    public async Task Connection_takes_the_place_of_an_earlier_one_of_the_same_system()
    {
        using TcpClient earlier = await ConnectAsync(Hello(Stranger, 17, Address));
        await ReadReplyAsync(earlier);
        using TcpClient later = await ConnectAsync(Hello(Stranger, 17, Address));
        await ReadReplyAsync(later);

        await AssertClosedAsync(earlier);
        await later.GetStream().WriteAsync(MessageFrame("later"));
        Assert.Equal("later", await _received.Reader.ReadAsync().AsTask().WaitAsync(Within));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData(128_001)]
    public async Task Frame_of_a_length_that_can_not_be_ends_the_connection(int length)
    {
        using TcpClient client = await ConnectAsync(Hello(Stranger, 17, Address));
        await ReadReplyAsync(client);
        byte[] frame = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(frame, length);

        await client.GetStream().WriteAsync(frame);

        await AssertClosedAsync(client);
    }

    [Fact]
    public async Task Message_that_no_serializer_reads_is_dropped_and_the_next_one_arrives()
    {
        using TcpClient client = await ConnectAsync(Hello(Stranger, 17, Address));
        await ReadReplyAsync(client);

        await client.GetStream().WriteAsync(MessageFrame("unreadable", serializer: 99));
        await client.GetStream().WriteAsync(MessageFrame("unreadable", manifest: "L"));
        await client.GetStream().WriteAsync(MessageFrame("next"));

        Assert.Equal("next", await _received.Reader.ReadAsync().AsTask().WaitAsync(Within));
    }

    [Fact]
    public async Task Connection_that_says_nothing_is_closed_after_its_time()
    {
        using TcpClient client = await ConnectAsync([]);

        await AssertClosedAsync(client);
    }

    [Fact]
    public async Task Silent_connection_is_closed_and_one_that_pings_is_answered()
    {
        using TcpClient client = await ConnectAsync(Hello(Stranger, 17, Address));
        await ReadReplyAsync(client);

        await client.GetStream().WriteAsync(new byte[] { 0, 0, 0, 1, (byte)FrameKind.Ping });
        byte[] pong = new byte[5];
        await client.GetStream().ReadExactlyAsync(pong).AsTask().WaitAsync(Within);

        Assert.Equal([0, 0, 0, 1, (byte)FrameKind.Pong], pong);
        await AssertClosedAsync(client);
    }

    [Fact]
    public async Task Messages_beyond_the_queue_are_dropped_and_told_of()
    {
        // Takes the connection and never answers: all that is sent has to wait.
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        Address there = Address.WithPort(((IPEndPoint)silent.LocalEndpoint).Port);
        Channel<object> dropped = Channel.CreateUnbounded<object>();
        ChannelWriter<object> writer = dropped.Writer;
        _system.EventStream.Subscribe(_system.ActorOf(Props.Create(() => new Keeper(writer))), typeof(Dropped));
        IActorRef target = Provider.ResolveActorRef($"{there}/user/x");

        for (int i = 0; i < 15; i++)
        {
            target.Tell(i);
        }

        for (int i = 10; i < 15; i++)
        {
            Assert.Equal(i, Assert.IsType<Dropped>(await dropped.Reader.ReadAsync().AsTask().WaitAsync(Within)).Message);
        }
    }

    private Task<TcpClient> ConnectAsync(byte[] first) => RawPeer.ConnectAsync(Address, first);

    private byte[] MessageFrame(string text, int serializer = 17, string manifest = "S") =>
        RawPeer.MessageFrame($"{Address}/user/keeper", serializer, manifest, System.Text.Encoding.UTF8.GetBytes(text));

    private sealed class Keeper : UntypedActor
    {
        private readonly ChannelWriter<object> _writer;

        public Keeper(ChannelWriter<object> writer) => _writer = writer;

        protected override void OnReceive(object message) => _writer.TryWrite(message);
    }
}
