using System.CommandLine;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Node.Composition;
using Broker.ObjectStore;
using Broker.ObjectStore.Inspection;
using Broker.ObjectStore.Metadata;

namespace Broker.Node.CommandLine;

/// <summary><c>broker store verify [server.properties] [--override key=value]... [--quick]</c>: proves that everything the metadata refer to is in the store and whole.</summary>
internal sealed class StoreVerifyCommand
{
    // What is damaged in large numbers has one cause; the count at the end tells of all.
    private const int MaxPrinted = 1000;

    private readonly Option<bool> _quick = new("--quick")
    {
        Description = "Only that objects exist, their sizes and their indexes: some requests an object instead of all of its bytes.",
    };

    public void AddTo(Command command) => command.Add(_quick);

    /// <summary>Prints a line for each fault. Exit code 0 when there is none, 1 otherwise or when it cannot be found out.</summary>
    public async Task<int> RunAsync(BrokerOptions options, ParseResult parsed, CancellationToken ct)
    {
        SystemIdSource ids = new();
        StorageSources sources = new(TimeProvider.System, ids, new Random(ids.Next().GetHashCode()));
        await Console.Out.WriteLineAsync($"object.store = {options.ObjectStore.Description}");
        long faults = 0;
        long started = TimeProvider.System.GetTimestamp();
        try
        {
            using ObjectStores stores = ObjectStores.Open(options.ObjectStore, sources, new StoreMetrics(), mustExist: true);
            MetadataLogOptions metadata = new() { Time = sources.Clock, Ids = sources.Ids, JitterSeed = sources.Random.Next() };
            StoreVerify verify = new(stores.Store, metadata, readsBlocks: !parsed.GetValue(_quick));
            await foreach (StoreFault fault in verify.RunAsync(ct))
            {
                if (++faults <= MaxPrinted)
                {
                    await Console.Out.WriteLineAsync($"FAULT {fault.Object}: {fault.Problem}{string.Concat(fault.Lost.Select(lost => $"\n      {lost}"))}");
                }
            }

            await PrintAsync(verify.Totals, TimeProvider.System.GetElapsedTime(started));
        }
        catch (StorageException cause)
        {
            await Console.Error.WriteLineAsync($"broker: {cause.Message}");
            return ExitCodes.CannotStart;
        }

        await Console.Out.WriteLineAsync(faults == 0 ? "The store holds everything that the metadata refer to." : $"The store does not hold what the metadata refer to: {faults} faults.");
        return faults == 0 ? ExitCodes.Success : ExitCodes.CannotStart;
    }

    private static async Task PrintAsync(StoreVerifyTotals totals, TimeSpan elapsed)
    {
        await Console.Out.WriteLineAsync($"{totals.Objects} objects in use, {totals.ObjectBytes} bytes, {totals.Ranges} ranges of partitions");
        await Console.Out.WriteLineAsync($"{totals.Blocks} blocks read, {totals.BlockBytes} bytes, in {elapsed.TotalSeconds:F1} s");
        await Console.Out.WriteLineAsync($"{totals.Wals} write-ahead logs in the store, {totals.WalSlots} slots, {totals.WalRecords} record batches");
        await Console.Out.WriteLineAsync($"{totals.ReleasedWals} write-ahead logs that no node has any more, {totals.ReleasedWalSlots} slots, {totals.ReleasedWalBytes} bytes: left by a crash, removed in time");
        await Console.Out.WriteLineAsync($"{totals.Deletable} objects wait for their deletion, {totals.DeletableBytes} bytes");
        await Console.Out.WriteLineAsync($"{totals.Unknown} objects are unknown to the metadata, {totals.UnknownBytes} bytes: on their way, or left by a crash");
    }
}
