using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Node.Composition;
using Broker.ObjectStore;
using Broker.TestSupport.Brokers;
using Microsoft.Extensions.Logging;

namespace Broker.Node.Unit.Composition;

public sealed class ObjectStoresTests
{
    [Fact]
    public async Task Store_that_fails_while_it_is_opened_again_and_again_is_told_of_once()
    {
        using TempFolder folder = new("stores");
        ObjectStoreOptions options = new(folder.Path, null);
        Lines lines = new();
        StorageSources sources = new(TimeProvider.System, new SystemIdSource(), new Random(1));
        StoreAvailability availability = ObjectStores.Watch(options, TimeProvider.System, lines);

        // Where the file of an object should be: it cannot be opened as one.
        Directory.CreateDirectory(Path.Combine(folder.Path, "objects", "x.o"));
        for (int opening = 0; opening < 2 * StoreAvailability.FailsAfterRequests; opening++)
        {
            using ObjectStores stores = ObjectStores.Open(options, sources, new StoreMetrics(), availability: availability);
            await Assert.ThrowsAsync<StorageException>(async () => await stores.Store.HeadAsync(new ObjectKey("x"), CancellationToken.None));
        }

        Assert.Contains("does not serve", Assert.Single(lines.Told), StringComparison.Ordinal);
    }

    private sealed class Lines : ILogger
    {
        public List<string> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Told.Add(formatter(state, exception));
    }
}
