using System.Collections.Concurrent;
using System.Text;
using Broker.ObjectStore.S3;
using Broker.TestSupport.S3;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>
/// Writers race for slots through a network that loses, doubles and answers wrongly, on a real server. Whatever a writer is told must be true:
/// whoever is told that it won is the one whose object is there; who is told that it lost, or that nothing was applied, is not.
/// </summary>
public sealed class S3RaceTests(ITestOutputHelper output)
{
    private const int Writers = 6;
    private const int Slots = 60;

    private static readonly ProxyFault?[] Faults =
    [
        null, null, null, null,
        ProxyFault.DropRequest, ProxyFault.DropResponse, ProxyFault.Duplicate, ProxyFault.Duplicate,
        ProxyFault.Answer(409, "ConditionalRequestConflict", isForwarded: false), ProxyFault.Answer(500, "InternalError", isForwarded: false),
        ProxyFault.Answer(500, "InternalError", isForwarded: true), ProxyFault.Answer(503, "SlowDown", isForwarded: false),
    ];

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_writer_is_told_of_its_put_is_true(bool isRetrying)
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        await using S3Scene scene = await S3Scene.OpenAsync();
        for (int i = 0; i < Writers * Slots * 2; i++)
        {
            if (Faults[random.Next(Faults.Length)] is { } fault)
            {
                // Which request of which writer meets it is the race's choice.
                int slot = random.Next(Slots);
                scene.Proxy.Inject(request => request.IsConditionalPut && request.Target.EndsWith($"/slot-{slot}", StringComparison.Ordinal), fault);
            }
        }

        ConcurrentBag<(int Slot, int Writer, PutOutcome? Outcome)> told = [];
        IObjectStore[] stores = [.. Enumerable.Range(0, Writers).Select(_ => Client(scene, isRetrying))];
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            for (int slot = 0; slot < Slots; slot++)
            {
                told.Add((slot, writer, await TryPutAsync(stores[writer], slot, writer)));
            }
        }));

        foreach (int slot in Enumerable.Range(0, Slots))
        {
            string? owner = await scene.Direct.HeadAsync(new ObjectKey($"slot-{slot}"), default) is null
                ? null
                : Encoding.UTF8.GetString((await scene.Direct.GetAsync(new ObjectKey($"slot-{slot}"), ByteRange.All, default)).Span);
            foreach ((_, int writer, PutOutcome? outcome) in told.Where(one => one.Slot == slot))
            {
                Assert.True(
                    outcome == PutOutcome.Unknown || (outcome == PutOutcome.Written) == (owner == $"writer {writer}"),
                    $"seed {seed}: slot {slot} is of {owner}, and writer {writer} was told {outcome?.ToString() ?? "that it is not applied"}");
            }
        }

        output.WriteLine(string.Join(", ", told.GroupBy(one => one.Outcome).Select(group => $"{group.Count()} {group.Key?.ToString() ?? "not applied"}")));
        Assert.Contains(told, one => one.Outcome == PutOutcome.Written);
        Assert.Contains(told, one => one.Outcome == PutOutcome.ConditionFailed);
    }

    private static IObjectStore Client(S3Scene scene, bool isRetrying)
    {
        S3ObjectStore store = scene.Open(scene.Options with { Endpoint = scene.Proxy.Endpoint });
        return isRetrying
            ? new RetryingObjectStore(store, new RetryingObjectStoreOptions { FirstPause = TimeSpan.FromMilliseconds(1) })
            : store;
    }

    /// <returns>Null: certainly not applied.</returns>
    private static async Task<PutOutcome?> TryPutAsync(IObjectStore store, int slot, int writer)
    {
        try
        {
            return (await store.PutAsync(new ObjectKey($"slot-{slot}"), S3Scene.Body($"writer {writer}"), PutCondition.IfAbsent, default)).Outcome;
        }
        catch (StorageException error) when (error.Kind == StorageErrorKind.Unavailable)
        {
            return null;
        }
    }
}
