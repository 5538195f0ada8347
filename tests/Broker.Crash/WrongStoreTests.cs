using System.Text.RegularExpressions;
using Broker.Crash.FullDisk;
using Broker.TestSupport.Brokers;
using Broker.Wire;

namespace Broker.Crash;

/// <summary>A broker with a write-ahead log on disk is started on a store that is not its cluster's, as a mistyped <c>object.store</c> makes it.</summary>
public sealed partial class WrongStoreTests
{
    /// <summary>A start that is refused takes some seconds; the rest is for a machine that is busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public async Task Broker_on_the_wrong_store_is_refused_and_leaves_it_empty_and_on_the_right_one_serves_all_it_acknowledged()
    {
        using TempFolder place = new("wrong-store");
        string folder = Path.Combine(place.Path, "wal");
        string wrong = Path.Combine(place.Path, "wrong");
        await using NodeBroker right = On(Path.Combine(place.Path, "right"), folder);
        await right.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(right.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(10));
        await right.KillAsync();

        await using (NodeBroker mistaken = On(wrong, folder))
        {
            await mistaken.LaunchAsync();
            await mistaken.WaitForErrorAsync("broker: ", Patience);
            string message = Assert.Single(mistaken.Errors);
            Assert.Equal(1, await mistaken.WaitForExitAsync(Patience));
            Assert.Matches(Refusal(), message);
            Assert.Contains(folder, message, StringComparison.Ordinal);
            Assert.Contains(wrong, message, StringComparison.Ordinal);
        }

        Assert.Empty(Objects(wrong));
        Assert.NotEmpty(Objects(Path.Combine(place.Path, "right")));
        await right.StartAsync();
        await batches.VerifyAsync();
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(3));
        await batches.VerifyAsync();
    }

    // Nothing is uploaded but at a stop: what is acknowledged is in the write-ahead log alone.
    private static NodeBroker On(string store, string walFolder) => new(
        $"object.store=file:{store}", $"wal.disk.path={walFolder}", "wal.kind=disk", "object.store.upload.interval.ms=3600000");

    // An opened store marks its folder as one; each object is a file of this kind (docs/formats/local-object-store.md).
    private static string[] Objects(string store) => Directory.Exists(store) ? Directory.GetFiles(store, "*.o", SearchOption.AllDirectories) : [];

    [GeneratedRegex("belongs to cluster [-_A-Za-z0-9]{22}, but .* holds no cluster. Nothing was changed. Set object.store")]
    private static partial Regex Refusal();
}
