using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Node.Composition;
using Broker.ObjectStore;
using Broker.ObjectStore.Inspection;

namespace Broker.Node.CommandLine;

/// <summary><c>broker store check [server.properties] [--override key=value]...</c>: tries the configured object store before anyone trusts it.</summary>
internal static class StoreCheckCommand
{
    // A store that drops a request now and then passes; who waits at a terminal for one that is not there is told soon.
    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(5);

    /// <summary>Prints a line for each operation, and what it took to ask. Exit code 0 when all work, 1 when one does not, 2 for settings that cannot be used.</summary>
    public static async Task<int> RunAsync(BrokerOptions options, CancellationToken ct)
    {
        SystemIdSource ids = new();
        StorageSources sources = new(TimeProvider.System, ids, new Random(ids.Next().GetHashCode()));
        await Console.Out.WriteLineAsync($"object.store = {options.ObjectStore.Description}");
        int failed = 0;
        try
        {
            using ObjectStores stores = ObjectStores.Open(options.ObjectStore, sources, new StoreMetrics(), RetryFor);
            await foreach (StoreCheckResult result in new StoreCheck(stores.Store, ids, TimeProvider.System).RunAsync(ct))
            {
                failed += result.Failure is null ? 0 : 1;
                await Console.Out.WriteLineAsync($"{(result.Failure is null ? "ok    " : "FAILED")} {result.Elapsed.TotalMilliseconds,8:F1} ms  {result.Name}{(result.Failure is null ? "" : $": {result.Failure}")}");
            }

            foreach (StoreCounts counts in stores.Metrics.Snapshot().Where(counts => counts.Requests > 0))
            {
                await Console.Out.WriteLineAsync($"{counts.Requests,6} {counts.Operation} requests, {counts.Bytes} bytes, {counts.Errors.Values.Sum()} errors");
            }
        }
        catch (StorageException cause)
        {
            await Console.Error.WriteLineAsync($"broker: {cause.Message}");
            return ExitCodes.CannotStart;
        }

        await Console.Out.WriteLineAsync(failed == 0 ? "The broker can use this store." : $"The broker must not use this store: {failed} of its operations do not work.");
        return failed == 0 ? ExitCodes.Success : ExitCodes.CannotStart;
    }
}
