using Broker.TestSupport.Brokers;

namespace Broker.Interop;

/// <summary>
/// The broker that the interop tests talk to: ours, started once for all of them; or, where
/// <c>BROKER_TESTS_BOOTSTRAP</c> names one, a broker that runs already, which is how the tests themselves are checked
/// against Apache Kafka.
/// </summary>
public sealed class InteropBroker : IAsyncLifetime
{
    /// <summary>A graceful stop is promised within ten seconds.</summary>
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    private readonly NodeBroker? _started;

    public InteropBroker()
    {
        string? running = Environment.GetEnvironmentVariable("BROKER_TESTS_BOOTSTRAP");
        // Members of a test's group come when they come: waiting three seconds for each first one only costs time.
        _started = string.IsNullOrEmpty(running) ? new NodeBroker("group.initial.rebalance.delay.ms=0") : null;
        Bootstrap = _started?.Bootstrap ?? running!;
    }

    public string Bootstrap { get; }

    public Task InitializeAsync() => _started?.StartAsync() ?? Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_started is null)
        {
            return;
        }

        await using (_started)
        {
            _started.MustBeRunning();
            Assert.Equal(0, await _started.StopAsync(StopDeadline));
        }
    }
}

/// <summary>All interop tests share one broker and run one after another: they are many processes each.</summary>
[CollectionDefinition(Name)]
public sealed class InteropCollection : ICollectionFixture<InteropBroker>
{
    public const string Name = "interop";
}
