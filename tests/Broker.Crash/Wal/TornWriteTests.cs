using System.Text;
using Broker.ObjectStore;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Brokers;
using Xunit.Abstractions;

namespace Broker.Crash.Wal;

/// <summary>
/// The tears land where they should: the WAL by itself drops them, keeps all that was appended, and goes on. Were the
/// place wrong, the crash test with torn writes would test nothing.
/// </summary>
public sealed class TornWriteTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(Tear.Garbage)]
    [InlineData(Tear.HalfHeader)]
    [InlineData(Tear.HalfPayload)]
    [InlineData(Tear.WrongPayload)]
    public async Task Wal_drops_a_torn_write_and_keeps_what_was_appended(Tear tear)
    {
        const int Seed = 17;
        using TempFolder folder = new("torn");
        string[] before = [.. Enumerable.Range(0, 50).Select(i => $"record {i}")];
        Assert.Empty(await RecoverAndAppendAsync(folder.Path, 1, before));

        (string file, int at) = TornWrite.Apply(folder.Path, tear, new Random(Seed));
        output.WriteLine($"torn {file} at {at}");

        Assert.Equal(before, await RecoverAndAppendAsync(folder.Path, 2, ["later"]));
        string[] after = await RecoverAndAppendAsync(folder.Path, 3, []);
        Assert.Equal([.. before, "later"], after);
    }

    [Fact]
    public async Task Wal_reports_damage_where_a_durable_record_is_overwritten()
    {
        using TempFolder folder = new("torn");
        await RecoverAndAppendAsync(folder.Path, 1, [.. Enumerable.Range(0, 50).Select(i => $"record {i}")]);
        string file = Directory.GetFiles(folder.Path, "0*.wal").Single();
        using (FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite))
        {
            // The page of the first records: far before the end of what was acknowledged.
            stream.Position = 4096 + 100;
            stream.Write(new byte[64]);
        }

        await Assert.ThrowsAsync<StorageException>(() => RecoverAndAppendAsync(folder.Path, 2, []));
    }

    /// <summary>Opens the WAL, reads it back, appends these, each as a group of its own, and closes it.</summary>
    private static async Task<string[]> RecoverAndAppendAsync(string folder, int seed, string[] payloads)
    {
        DiskWalOptions options = new()
        {
            Folder = folder,
            NodeId = new NodeId(1),
            Random = new Random(seed),
            SegmentBytes = 1 << 20,
            CapacityBytes = 8 << 20,
        };
        await using DiskWal wal = await DiskWal.OpenAsync(options, CancellationToken.None);
        List<string> recovered = [];
        await foreach (WalRecoveredRecord record in wal.RecoverAsync(CancellationToken.None))
        {
            recovered.Add(Encoding.UTF8.GetString(record.Record.Payload.Span));
        }

        foreach (string payload in payloads)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(payload);
            WalRecord record = new(
                new StreamId(1), new LeaderEpoch(0), new Offset(0), new Offset(0), -1, bytes, Broker.Wire.Records.Crc32C.Compute(bytes));
            await wal.AppendAsync([record], CancellationToken.None);
        }

        return [.. recovered];
    }
}
