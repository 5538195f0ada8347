using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Broker.Node.Composition;
using Broker.TestSupport.Simulation;
using Microsoft.Extensions.Logging;
using MelLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Broker.Node.Unit.Composition;

/// <summary>What the actor system says comes into the node's log.</summary>
public sealed class ActorSystemLogsTests : ILoggerProvider, ILogger
{
    // Far beyond what any line takes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SteppedTime _clock = new();
    private readonly Channel<(MelLevel Level, string Text)> _lines = Channel.CreateUnbounded<(MelLevel, string)>();

    // Dead letters are published like the first entry here, whatever the level.
    [Fact]
    public async Task Warning_of_the_actor_system_is_a_line_of_the_nodes_log_and_what_lies_below_its_level_is_none()
    {
        ActorSystem system = Create("akka.loglevel = WARNING");
        system.EventStream.Publish(new Info("source", typeof(object), "below"));
        system.EventStream.Publish(new Warning("source", typeof(object), "look"));

        Assert.Equal((MelLevel.Warning, "source: look"), await NextAsync());
        await system.Terminate();
        Assert.False(_lines.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Dead_letters_are_lines_of_the_nodes_log_when_the_operator_asks_for_them()
    {
        ActorSystem system = Create("akka { loglevel = INFO, log-dead-letters = on }");
        IActorRef dead = system.ActorOf(Props.Create(() => new Silent()));
        await dead.GracefulStop(Patience);
        Task<(MelLevel Level, string Text)> next = NextAsync();

        // Who counts dead letters starts with the system and may miss the first ones.
        while (await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(10))) != next)
        {
            dead.Tell("too late");
        }

        (MelLevel level, string text) = await next;
        Assert.Equal(MelLevel.Information, level);
        Assert.Contains("dead letters", text, StringComparison.Ordinal);
        await system.Terminate();
    }

    [Fact]
    public async Task Lines_without_end_are_a_bounded_number_in_ten_seconds_and_the_next_one_says_how_many_there_were()
    {
        ActorSystem system = Create("akka.loglevel = WARNING");
        for (int i = 0; i < 20_000; i++)
        {
            system.EventStream.Publish(new Error(new IOException(), "source", typeof(object), "again"));
        }

        for (int i = 0; i < 200; i++)
        {
            Assert.Equal((MelLevel.Error, "source: again"), await NextAsync());
        }

        // Whoever has answered has dealt with all that was published before.
        await system.ActorSelection("/user/log").Ask<ActorIdentity>(new Identify(1), Patience);
        Assert.False(_lines.Reader.TryRead(out _));

        _clock.Advance(TimeSpan.FromSeconds(10));
        system.EventStream.Publish(new Warning("source", typeof(object), "look"));
        Assert.Equal((MelLevel.Warning, "19800 lines of the actor system before this one were left out, as it had said 200 within 10 s"), await NextAsync());
        Assert.Equal((MelLevel.Warning, "source: look"), await NextAsync());
        await system.Terminate();
    }

    [Fact]
    public async Task Operator_cannot_bring_back_the_loggers_that_write_past_the_nodes_log()
    {
        ActorSystem system = Create("akka { loggers = [\"Akka.Event.DefaultLogger\"], stdout-loglevel = DEBUG }");

        Assert.Empty(system.Settings.Loggers);
        Assert.Equal("OFF", system.Settings.StdoutLogLevel);
        await system.Terminate();
    }

    ILogger ILoggerProvider.CreateLogger(string categoryName) => this;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(MelLevel logLevel) => true;

    void ILogger.Log<TState>(MelLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Writer.TryWrite((logLevel, formatter(state, exception)));

    void IDisposable.Dispose()
    {
    }

    private ActorSystem Create(string hocon)
    {
        LoggerFactory loggers = new([this]);
        return ActorSystemLogs.CreateSystem("test", ConfigurationFactory.ParseString(hocon), loggers, _clock);
    }

    private async Task<(MelLevel Level, string Text)> NextAsync() => await _lines.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    private sealed class Silent : UntypedActor
    {
        protected override void OnReceive(object message)
        {
        }
    }
}
