using Broker.ObjectStore.Wal;
using Broker.Shared;
using Broker.TestSupport.Simulation;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>
/// The disk WAL over simulated files: a crash at every step of a workload that goes round the whole capacity, torn writes, failed
/// syncs, full disks, damage.
/// </summary>
public sealed class DiskWalCrashTests(ITestOutputHelper output)
{
    private const int SegmentBytes = 64 << 10;

    // With its header it ends on a page, so that the zeros behind a group do not hide what stood there.
    private const int WholePage = 4096 - RecordHeader.SizeBytes;

    private static readonly CancellationToken None = CancellationToken.None;

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(false, 3)]
    public async Task Wal_keeps_every_acknowledged_record_when_it_crashes_at_any_step(bool powerLoss, int seed)
    {
        output.WriteLine($"seed {seed}");
        SimulatedWalFileSystem dryRun = new();
        await new CrashWorkload(dryRun, seed).RunAsync();
        Assert.True(dryRun.Steps > 100);
        for (int step = 1; step <= dryRun.Steps; step++)
        {
            SimulatedWalFileSystem files = new() { CrashAtStep = step };
            Random crash = new((seed * 1000) + step);
            CrashWorkload workload = new(files, seed);
            await workload.RunAsync();
            for (int again = 0; again < 2; again++)
            {
                // The second round crashes during or soon after recovery, which must not change what is there.
                End(files, powerLoss, crash);
                files.CrashAtStep = again == 0 ? files.Steps + 1 + crash.Next(8) : int.MaxValue;
                await workload.RecoverAndGoOnAsync(step);
            }
        }
    }

    [Fact]
    public async Task Torn_last_write_at_every_byte_leaves_exactly_the_records_before_it()
    {
        SimulatedWalFileSystem files = new();
        await using (DiskWal log = await OpenAsync(files, 1))
        {
            await RecoverAsync(log);
            await AppendAsync(log, 1, 3, 100);
            await AppendAsync(log, 4, 3, 100);
        }

        string name = LiveName(files);
        byte[] whole = (byte[])files.Bytes(name).Clone();
        const int record = 180;
        int tail = SegmentHeader.PageBytes + (6 * record);
        for (int cut = SegmentHeader.PageBytes + (3 * record); cut < tail; cut++)
        {
            byte[] bytes = files.Bytes(name);
            whole.CopyTo(bytes, 0);
            bytes.AsSpan(cut).Clear();
            await using DiskWal log = await OpenAsync(files, cut);
            Assert.Equal(Enumerable.Range(1, (cut - SegmentHeader.PageBytes) / record), await RecoverAsync(log));
        }
    }

    [Fact]
    public async Task W5_damage_before_the_last_group_is_an_error_that_names_the_place_and_changes_nothing()
    {
        SimulatedWalFileSystem files = new();
        await using (DiskWal log = await OpenAsync(files, 1))
        {
            await RecoverAsync(log);
            for (int i = 1; i <= 4; i++)
            {
                await AppendAsync(log, (2 * i) - 1, 2, 100);
            }
        }

        string name = LiveName(files);
        byte[] whole = (byte[])files.Bytes(name).Clone();
        for (int at = SegmentHeader.PageBytes; at < SegmentHeader.PageBytes + (6 * 180); at += 7)
        {
            byte[] bytes = files.Bytes(name);
            whole.CopyTo(bytes, 0);
            bytes[at] ^= 0x10;
            await using DiskWal log = await OpenAsync(files, at);
            int index = (at - SegmentHeader.PageBytes) / 180;
            string place = $"{name}' at byte {SegmentHeader.PageBytes + (index * 180)}";
            if ((at - SegmentHeader.PageBytes) % 180 < RecordHeader.SizeBytes)
            {
                StorageException error = await Assert.ThrowsAsync<StorageException>(() => RecoverAsync(log));
                Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
                Assert.Contains(place, error.Message, StringComparison.Ordinal);
            }
            else
            {
                await OnlyOneIsDamagedAsync(log, index, place);
            }

            whole[at] ^= 0x10;
            Assert.True(whole.AsSpan().SequenceEqual(files.Bytes(name)));
            whole[at] ^= 0x10;
        }
    }

    [Fact]
    public async Task Damage_in_an_earlier_segment_or_a_missing_segment_is_an_error()
    {
        SimulatedWalFileSystem files = new();
        await using (DiskWal log = await OpenAsync(files, 1))
        {
            await RecoverAsync(log);
            for (int i = 1; i <= 30; i++)
            {
                await AppendAsync(log, i, 1, 5000);
            }
        }

        string[] names = [.. LiveNames(files)];
        Assert.Equal(3, names.Length);
        files.Bytes(names[0])[SegmentHeader.PageBytes] ^= 1;
        await ExpectCorruptAsync(files, names[0]);
        files.Bytes(names[0])[SegmentHeader.PageBytes] ^= 1;
        files.Bytes(names[0])[SegmentHeader.PageBytes + RecordHeader.SizeBytes] ^= 1;
        await using (DiskWal log = await OpenAsync(files, 2))
        {
            await OnlyOneIsDamagedAsync(log, 0, names[0]);
        }

        files.Bytes(names[0])[SegmentHeader.PageBytes + RecordHeader.SizeBytes] ^= 1;
        files.Delete(names[1]);
        await ExpectCorruptAsync(files, names[0]);
    }

    [Fact]
    public async Task Failed_sync_ends_the_log_and_reopening_makes_durable_what_it_returns()
    {
        SimulatedWalFileSystem files = new();
        DiskWal log = await OpenAsync(files, 1);
        await RecoverAsync(log);
        await AppendAsync(log, 1, 2, 100);
        files.SyncFails = true;
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 3, 2, 100));
        Assert.Equal(StorageErrorKind.Unavailable, error.Kind);
        Assert.IsNotType<WalFullException>(error);
        files.SyncFails = false;
        ValueTask trim = log.TrimAsync(new WalPosition(1), None);
        Assert.True(trim.IsFaulted, "a trim fails through its task, so that whoever asked can go on");
        await Assert.ThrowsAsync<StorageException>(() => trim.AsTask());
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 3, 2, 100));
        await log.DisposeAsync();

        DiskWal again = await OpenAsync(files, 2);
        Assert.Equal([1, 2, 3, 4], await RecoverAsync(again));
        files.LosePower(new Random(1));
        await using DiskWal last = await OpenAsync(files, 3);
        Assert.Equal([1, 2, 3, 4], await RecoverAsync(last));
    }

    [Fact]
    public async Task Full_disk_refuses_cleanly_and_appends_work_again_when_there_is_room()
    {
        SimulatedWalFileSystem files = new() { DiskBytes = SegmentBytes + 1000 };
        DiskWal log = await OpenAsync(files, 1);
        await RecoverAsync(log);
        for (int i = 1; i <= 12; i++)
        {
            await AppendAsync(log, i, 1, 4900);
        }

        await Assert.ThrowsAsync<WalFullException>(() => AppendAsync(log, 13, 1, 4900));
        await AppendAsync(log, 13, 1, 10);
        files.DiskBytes = long.MaxValue;
        await AppendAsync(log, 14, 1, 4900);
        await log.DisposeAsync();
        await using DiskWal again = await OpenAsync(files, 2);
        Assert.Equal(Enumerable.Range(1, 14), await RecoverAsync(again));
    }

    [Fact]
    public async Task Batch_refused_in_the_middle_of_its_write_never_comes_back_behind_a_later_one()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            SimulatedWalFileSystem files = new();
            DiskWal log = await OpenAsync(files, seed);
            await RecoverAsync(log);
            await AppendAsync(log, 1, 1, WholePage);
            files.WritesFindDiskFull = true;
            await Assert.ThrowsAsync<WalFullException>(() => AppendAsync(log, 2, 8, WholePage));
            files.WritesFindDiskFull = false;
            await AppendAsync(log, 2, 1, WholePage);
            files.LosePower(new Random(seed));
            await using DiskWal again = await OpenAsync(files, seed + 100);
            Assert.Equal([1, 2], await RecoverAsync(again));
        }
    }

    [Fact]
    public async Task Records_behind_a_torn_one_never_come_back_behind_a_later_one()
    {
        SimulatedWalFileSystem files = new();
        await using (DiskWal log = await OpenAsync(files, 1))
        {
            await RecoverAsync(log);
            await AppendAsync(log, 1, 1, WholePage);
            await AppendAsync(log, 2, 4, WholePage);
        }

        files.Bytes(LiveName(files))[SegmentHeader.PageBytes + 4096 + 2000] ^= 1;
        await using (DiskWal log = await OpenAsync(files, 2))
        {
            Assert.Equal([1], await RecoverAsync(log));
            await AppendAsync(log, 2, 1, WholePage);
        }

        await using DiskWal again = await OpenAsync(files, 3);
        Assert.Equal([1, 2], await RecoverAsync(again));
    }

    [Fact]
    public async Task Batch_larger_than_a_segment_gets_a_file_of_its_own_again_and_again()
    {
        SimulatedWalFileSystem files = new();
        await using DiskWal log = await OpenAsync(files, 1);
        await RecoverAsync(log);
        for (int i = 1; i <= 5; i++)
        {
            await AppendAsync(log, i, 1, (2 * SegmentBytes) - 5000);
            await log.TrimAsync(new WalPosition(i), None);
        }

        await AppendAsync(log, 6, 1, 10);
        await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync(log, 7, 1, 2 * SegmentBytes));
    }

    [Fact]
    public async Task Folder_in_use_of_another_node_or_of_a_newer_version_is_refused()
    {
        SimulatedWalFileSystem files = new();
        DiskWal log = await OpenAsync(files, 1);
        Assert.Equal(StorageErrorKind.Unavailable, (await Assert.ThrowsAsync<WalFolderException>(() => OpenAsync(files, 1))).Kind);
        await RecoverAsync(log);
        await AppendAsync(log, 1, 1, 10);
        await log.DisposeAsync();

        StorageException other = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(files, 1, node: 2));
        Assert.Equal(StorageErrorKind.Invalid, other.Kind);
        Assert.Contains("belongs to node 1", other.Message, StringComparison.Ordinal);

        byte[] bytes = files.Bytes(LiveName(files));
        bytes[8] = 2;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(60), Crc32C.Compute(bytes.AsSpan(0, 60)));
        StorageException newer = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(files, 1));
        Assert.Equal(StorageErrorKind.Invalid, newer.Kind);
        Assert.Contains("newer than this build", newer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_keeps_its_identity_and_a_folder_that_has_lost_it_is_damaged()
    {
        SimulatedWalFileSystem files = new();
        DiskWal log = await OpenAsync(files, 1);
        WalId id = log.Id;
        await log.DisposeAsync();
        files.LosePower(new Random(1));
        log = await OpenAsync(files, 2);
        Assert.Equal(id, log.Id);
        await RecoverAsync(log);
        await AppendAsync(log, 1, 1, 10);
        await log.DisposeAsync();
        await using (DiskWal other = await OpenAsync(new SimulatedWalFileSystem(), 1))
        {
            Assert.NotEqual(id, other.Id);
        }

        files.Delete("identity");
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(files, 3));
        Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
        Assert.Contains("simulated/identity", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cluster_note_is_whole_or_not_there_when_its_writing_crashes_at_any_step_and_can_be_written_then(bool powerLoss)
    {
        WalClusterNote note = new("some-cluster");
        SimulatedWalFileSystem files;
        int step = 0;
        do
        {
            files = new SimulatedWalFileSystem();
            DiskWal log = await OpenAsync(files, 1);
            files.CrashAtStep = files.Steps + ++step;
            Exception? crash = Record.Exception(() => note.Write(files));
            Assert.Equal(files.IsCrashed, crash is not null);
            End(files, powerLoss, new Random(step));
            await using DiskWal again = await OpenAsync(files, 2);
            if (WalClusterNote.Find(files) is not { } found)
            {
                Assert.NotNull(crash);
                note.Write(files);
                found = WalClusterNote.Find(files)!.Value;
            }

            Assert.Equal(note, found);
            Assert.False(WalClusterNote.IsBesideRecords(files));
        }
        while (step < 5);
    }

    internal static async Task<DiskWal> OpenAsync(SimulatedWalFileSystem files, int seed, int node = 1) => await DiskWal.OpenAsync(
        new DiskWalOptions
        {
            Folder = "simulated",
            NodeId = new NodeId(node),
            Random = new Random(seed),
            SegmentBytes = SegmentBytes,
            CapacityBytes = 4 * SegmentBytes,
            FileSystem = files,
            Inline = true,
        },
        None);

    internal static async Task<List<int>> RecoverAsync(DiskWal log)
    {
        List<int> numbers = [];
        await foreach (WalRecoveredRecord recovered in log.RecoverAsync(None))
        {
            numbers.Add(TestRecords.Verify(recovered));
        }

        return numbers;
    }

    internal static async Task AppendAsync(DiskWal log, int first, int count, int payloadBytes)
    {
        WalRecord[] batch = [.. Enumerable.Range(first, count).Select(number => TestRecords.Create(number, payloadBytes))];
        Assert.Equal(first + count - 1, (await log.AppendAsync(batch, None)).Value);
    }

    private static async Task OnlyOneIsDamagedAsync(DiskWal log, int index, string place)
    {
        int at = 0;
        await foreach (WalRecoveredRecord recovered in log.RecoverAsync(None))
        {
            if (at++ == index)
            {
                Assert.Contains(place, recovered.Damage, StringComparison.Ordinal);
            }
            else
            {
                TestRecords.Verify(recovered);
            }
        }

        Assert.True(at > index);
    }

    private static void End(SimulatedWalFileSystem files, bool powerLoss, Random random)
    {
        if (powerLoss)
        {
            files.LosePower(random);
        }
        else
        {
            files.KillProcess();
        }
    }

    private static async Task ExpectCorruptAsync(SimulatedWalFileSystem files, string name)
    {
        await using DiskWal log = await OpenAsync(files, 9);
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => RecoverAsync(log));
        Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> LiveNames(SimulatedWalFileSystem files) =>
        files.List().Where(name => SegmentNames.TryParseLive(name, out _)).Order(StringComparer.Ordinal);

    private static string LiveName(SimulatedWalFileSystem files) => LiveNames(files).Single();
}
