using System.Runtime.Serialization;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Serialization;

namespace Akka.Cluster.Unit;

/// <summary>Which serializer a message has, and what becomes of one that has none.</summary>
public sealed class SerializationTests
{
    private const string RemoteConfig = """
        akka {
          actor.provider = remote
          stdout-loglevel = OFF
          loglevel = ERROR
          remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
        }
        """;

    [Fact]
    public async Task Message_without_a_serializer_is_logged_and_dropped_and_its_sender_goes_on()
    {
        using ActorSystem a = ActorSystem.Create("a", RemoteConfig);
        using ActorSystem b = ActorSystem.Create("a", RemoteConfig);
        Channel<object> received = Channel.CreateUnbounded<object>();
        Channel<object> errors = Channel.CreateUnbounded<object>();
        ChannelWriter<object> toReceived = received.Writer;
        ChannelWriter<object> toErrors = errors.Writer;
        IActorRef there = b.ActorOf(Props.Create(() => new Keeper(toReceived)), "there");
        a.EventStream.Subscribe(a.ActorOf(Props.Create(() => new Keeper(toErrors))), typeof(Error));
        IActorRef target = ((ExtendedActorSystem)a).Provider.ResolveActorRef(Akka.Serialization.Serialization.SerializedActorPath(there));

        target.Tell(new NotBound());
        target.Tell("next");

        Assert.Equal("next", await received.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10)));
        Error error = (Error)await errors.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Contains(nameof(NotBound), error.Message.ToString(), StringComparison.Ordinal);
        Assert.Contains("akka.actor.serialization-bindings", error.Message.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serializer_of_the_most_special_bound_type_is_found()
    {
        ActorSystem system = ActorSystem.Create("a", $$"""
            akka.stdout-loglevel = OFF
            akka.actor {
              serializers {
                general = "{{typeof(GeneralSerializer).AssemblyQualifiedName}}"
                special = "{{typeof(SpecialSerializer).AssemblyQualifiedName}}"
              }
              serialization-bindings {
                "{{typeof(IGeneral).AssemblyQualifiedName}}" = general
                "{{typeof(Special).AssemblyQualifiedName}}" = special
              }
              serialization-identifiers {
                "{{typeof(SpecialSerializer).AssemblyQualifiedName}}" = 4712
              }
            }
            """);

        Assert.IsType<GeneralSerializer>(system.Serialization.FindSerializerFor(new General()));
        Assert.IsType<SpecialSerializer>(system.Serialization.FindSerializerFor(new Special()));
        Assert.IsType<SpecialSerializer>(system.Serialization.FindSerializerFor(new MoreSpecial()));
        Assert.Equal(4712, system.Serialization.FindSerializerFor(new Special()).Identifier);
        Assert.Throws<SerializationException>(() => system.Serialization.FindSerializerFor(1.5));
        Assert.Throws<UnknownFormatException>(() => system.Serialization.Deserialize([], 99, ""));
        await system.Terminate();
    }

    [Theory]
    [InlineData("akka.actor.serializers.x = \"No.Such.Type, Nowhere\"", "No.Such.Type")]
    [InlineData("akka.actor.serialization-bindings { \"No.Such.Type, Nowhere\" = bytes }", "No.Such.Type")]
    [InlineData("akka.actor.serialization-bindings { \"System.Guid\" = nothing }", "nothing")]
    public void Setting_that_names_what_is_not_there_stops_the_start(string setting, string name)
    {
        ConfigurationException refusal = Assert.Throws<ConfigurationException>(() => ActorSystem.Create("a", RemoteConfig + "\n" + setting));

        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reference_is_written_with_the_address_that_others_know_and_resolved_to_the_actor()
    {
        ActorSystem system = ActorSystem.Create("a", RemoteConfig);
        ExtendedActorSystem extended = (ExtendedActorSystem)system;
        IActorRef actor = system.ActorOf(Props.Create(() => new Keeper(Channel.CreateUnbounded<object>().Writer)), "it");

        string path = Akka.Serialization.Serialization.SerializedActorPath(actor);

        Assert.StartsWith($"{extended.Provider.DefaultAddress}/user/it#", path, StringComparison.Ordinal);
        Assert.Equal(actor, extended.Provider.ResolveActorRef(path));
        Assert.NotEqual(actor, extended.Provider.ResolveActorRef(path + "1"));
        Assert.Equal("", Akka.Serialization.Serialization.SerializedActorPath(ActorRefs.Nobody));
        await system.Terminate();
    }

    private interface IGeneral;

    private sealed record NotBound;

    private sealed class General : IGeneral;

    private class Special : IGeneral;

    private sealed class MoreSpecial : Special;

    private sealed class Keeper : UntypedActor
    {
        private readonly ChannelWriter<object> _writer;

        public Keeper(ChannelWriter<object> writer) => _writer = writer;

        protected override void OnReceive(object message) => _writer.TryWrite(message);
    }

    private sealed class GeneralSerializer(ExtendedActorSystem system) : Akka.Serialization.Serializer(system)
    {
        public override int Identifier => 4711;

        public override bool IncludeManifest => false;

        public override byte[] ToBinary(object obj) => [];

        public override object FromBinary(byte[] bytes, Type type) => new General();
    }

    private sealed class SpecialSerializer(ExtendedActorSystem system) : Akka.Serialization.Serializer(system)
    {
        public override bool IncludeManifest => false;

        public override byte[] ToBinary(object obj) => [];

        public override object FromBinary(byte[] bytes, Type type) => new Special();
    }
}
