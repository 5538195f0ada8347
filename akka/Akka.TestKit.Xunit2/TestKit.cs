using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Xunit.Abstractions;

namespace Akka.TestKit.Xunit2;

/// <summary>Base class of test classes: each test has an actor system of its own, terminated afterwards.</summary>
public class TestKit : TestKitBase, IDisposable
{
    protected readonly ITestOutputHelper? Output;

    private bool _disposed;

    public TestKit(ActorSystem? system = null, ITestOutputHelper? output = null)
        : base(Assertions, system)
    {
        Output = output;
        InitializeLogger(Sys);
    }

    public TestKit(Config config, string? actorSystemName = null, ITestOutputHelper? output = null)
        : base(Assertions, config, actorSystemName)
    {
        Output = output;
        InitializeLogger(Sys);
    }

    public TestKit(string config, ITestOutputHelper? output = null)
        : this(ConfigurationFactory.ParseString(config), null, output)
    {
    }

    protected static XunitAssertions Assertions { get; } = new();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Called after the test; terminates the system.</summary>
    protected virtual void AfterAll() => Shutdown();

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing || _disposed)
        {
            return;
        }

        _disposed = true;
        try
        {
            AfterAll();
        }
        finally
        {
            TestThread.Release();
        }
    }

    /// <summary>Copies the system's log to the test's output.</summary>
    protected void InitializeLogger(ActorSystem system)
    {
        if (Output is { } output)
        {
            IActorRef logger = ((ExtendedActorSystem)system).SystemActorOf(Props.Create(() => new OutputLogger(output)), "log-test");
            system.EventStream.Subscribe(logger, typeof(LogEvent));
        }
    }

    private sealed class OutputLogger : ReceiveActor
    {
        public OutputLogger(ITestOutputHelper output) => Receive<LogEvent>(entry => Write(output, entry));

        private static void Write(ITestOutputHelper output, LogEvent entry)
        {
            try
            {
                output.WriteLine(entry.ToString());
            }
            catch (InvalidOperationException)
            {
                // The test is over; xunit takes no more output of it.
            }
        }
    }
}
