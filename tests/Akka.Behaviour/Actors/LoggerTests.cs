using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Behaviour.Actors;

/// <summary>Which entries a logger that <c>akka.loggers</c> names is given.</summary>
public sealed class LoggerTests : TestKit.Xunit2.TestKit
{
    private const string ProbeSetting = "akka.test.logger-probe";

    [Fact]
    public async Task Logger_is_given_entries_of_the_systems_level_and_above_whoever_publishes_them()
    {
        string probe = Probe.Register(TestActor);
        ActorSystem system = ActorSystem.Create("logged", ConfigurationFactory.ParseString($$"""
            akka { loglevel = WARNING, stdout-loglevel = OFF, loggers = ["{{typeof(Forwarder).AssemblyQualifiedName}}"], test.logger-probe = "{{probe}}" }
            """));

        system.EventStream.Publish(new Info("source", typeof(object), "below"));
        system.EventStream.Publish(new Error(null!, "source", typeof(object), "above"));
        system.EventStream.Publish(new Warning("source", typeof(object), "level"));

        Assert.Equal(new object[] { "above", "level" }, ReceiveN(2));
        await system.Terminate();
        await ExpectNoMsgAsync(TimeSpan.Zero);
    }

    public sealed class Forwarder : UntypedActor
    {
        private readonly IActorRef _probe;

        public Forwarder() => _probe = Probe.Find(Context.System.Settings.Config.GetString(ProbeSetting));

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case Event.InitializeLogger:
                    Sender.Tell(new LoggerInitialized());
                    break;
                case LogEvent { LogSource: "source" } entry:
                    _probe.Tell(entry.Message);
                    break;
            }
        }
    }

    // A logger is made by its type's name alone: what it should know, it finds by a word in the settings.
    private static class Probe
    {
        private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, IActorRef> All = new();

        public static string Register(IActorRef probe)
        {
            string key = Guid.NewGuid().ToString("N");
            All[key] = probe;
            return key;
        }

        public static IActorRef Find(string key) => All[key];
    }
}
