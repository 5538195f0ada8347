using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Cluster.Sharding.Serialization;
using Akka.Configuration;
using Akka.Serialization;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

/// <summary>The bytes of sharding's messages: what is written is read, and nothing else is.</summary>
public sealed class ShardingFormatTests : IAsyncLifetime
{
    private const int Seed = 20261;

    private static readonly ShardRegionStats Stats = new(ImmutableDictionary<string, int>.Empty.Add("1", 7).Add("ü", 0), ["2"]);

    private readonly ActorSystem _system = ActorSystem.Create("test", ConfigurationFactory.ParseString("""
        akka {
          actor.provider = cluster
          loglevel = OFF
          stdout-loglevel = OFF
          remote.dot-netty.tcp { hostname = "127.0.0.1", port = 0 }
        }
        """));

    private ClusterShardingMessageSerializer Serializer => new((ExtendedActorSystem)_system);

    private object[] Messages =>
    [
        RegisterAck.Instance,
        new GetShardHome("1"),
        new ShardHome("1", ((ExtendedActorSystem)_system).Provider.ResolveActorRef("akka.tcp://test@10.0.0.1:2552/system/sharding-x#17")),
        new HostShard("1"),
        new BeginHandOff(""),
        new BeginHandOffAck("shard 1"),
        new HandOff("ü"),
        new ShardStopped("1"),
        GracefulShutdownReq.Instance,
        GracefulShutdownAck.Instance,
        new ShardRegion.StartEntity("e"),
        new StartEntityAck("e", "1"),
        new ShardingEnvelope("e", "text"),
        GetShardRegionState.Instance,
        new CurrentShardRegionState([new ShardState("1", ["a", "b"]), new ShardState("2", [])], ["3"]),
        GetShardRegionStats.Instance,
        Stats,
        GetCurrentRegions.Instance,
        new CurrentRegions([Node('a').Address, Node('b').Address]),
        new GetClusterShardingStats(TimeSpan.FromSeconds(3)),
        new ClusterShardingStats(ImmutableDictionary<Address, ShardRegionStats>.Empty.Add(Node('a').Address, Stats)),
    ];

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _system.Terminate();

    [Fact]
    public void Message_is_read_as_it_was_written()
    {
        Assert.All(Messages, message => Assert.Equal(message, Serializer.FromBinary(Serializer.ToBinary(message), Serializer.Manifest(message))));
    }

    [Fact]
    public void Registration_is_read_as_it_was_written()
    {
        Register register = new(["1", "2"], IsProxy: true);

        Register read = (Register)Serializer.FromBinary(Serializer.ToBinary(register), Serializer.Manifest(register));

        Assert.Equal(register.Shards, read.Shards);
        Assert.True(read.IsProxy);
    }

    [Fact]
    public void Every_manifest_is_its_own()
    {
        string[] manifests = [.. Messages.Append(new Register([], false)).Select(Serializer.Manifest)];

        Assert.Equal(manifests.Length, manifests.Distinct().Count());
    }

    [Fact]
    public void Message_of_another_version_is_refused()
    {
        foreach (object message in Messages)
        {
            byte[] bytes = Serializer.ToBinary(message);
            bytes[0]++;
            Assert.Throws<UnknownFormatException>(() => Serializer.FromBinary(bytes, Serializer.Manifest(message)));
        }
    }

    [Fact]
    public void Cut_and_lengthened_messages_are_refused()
    {
        foreach (object message in Messages)
        {
            byte[] bytes = Serializer.ToBinary(message);
            string manifest = Serializer.Manifest(message);
            for (int length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<SerializationException>(() => Serializer.FromBinary(bytes[..length], manifest));
            }

            Assert.Throws<SerializationException>(() => Serializer.FromBinary([.. bytes, 0], manifest));
        }
    }

    [Fact]
    public void Garbage_is_refused_or_read_and_nothing_else_happens()
    {
        Random random = new(Seed);
        foreach (object message in Messages)
        {
            string manifest = Serializer.Manifest(message);
            for (int i = 0; i < 300; i++)
            {
                byte[] bytes = Serializer.ToBinary(message);
                for (int flips = random.Next(1, 5); flips > 0; flips--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                ReadOrRefuse(bytes, manifest);
            }
        }
    }

    [Fact]
    public void Unknown_manifest_is_refused() =>
        Assert.Throws<UnknownFormatException>(() => Serializer.FromBinary([ClusterShardingMessageSerializer.FormatVersion], "?"));

    private void ReadOrRefuse(byte[] bytes, string manifest)
    {
        try
        {
            Assert.NotNull(Serializer.FromBinary(bytes, manifest));
        }
        catch (SerializationException)
        {
            // That is how it is refused.
        }
    }
}
