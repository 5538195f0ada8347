using System.Buffers;
using System.Diagnostics;
using Broker.ObjectStore.Local;
using Broker.TestSupport;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>The local store among several processes, and when they are killed.</summary>
public sealed class LocalObjectStoreProcessTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 12;

    private readonly string _root = Directory.CreateTempSubdirectory("broker-store-").FullName;

    private string TemporaryFolder => Path.Combine(_root, "tmp");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_killed_writer_leaves_whole_objects_only_and_all_that_it_was_told_is_written()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        Dictionary<string, (int Writer, int Number)> acknowledged = [];
        for (int writer = 0; writer < Kills; writer++)
        {
            await HammerAndKillAsync(writer, random, acknowledged);
            using LocalObjectStore store = Open();
            await CheckAsync(store, acknowledged);

            // What the dead writer had begun is swept; our own folder is the only one.
            Assert.Single(Directory.GetDirectories(TemporaryFolder));
        }

        output.WriteLine($"{acknowledged.Count} acknowledged keys survived {Kills} kills");
        Assert.NotEmpty(acknowledged);
    }

    [Fact]
    public async Task Put_if_absent_has_exactly_one_winner_among_processes()
    {
        const int Racers = 3;
        const int Keys = 150;
        Process[] racers = [.. Enumerable.Range(0, Racers).Select(writer => ChildMode.Start<LocalStoreRacer>(_root, $"{writer}", $"{Keys}"))];
        foreach (Process racer in racers)
        {
            Assert.Equal("ready", await racer.StandardOutput.ReadLineAsync());
        }

        foreach (Process racer in racers)
        {
            await racer.StandardInput.WriteLineAsync("go");
        }

        Dictionary<int, int> winners = [];
        for (int writer = 0; writer < Racers; writer++)
        {
            string[] lines = (await racers[writer].StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal("done", lines[^1]);
            foreach (string line in lines[..^1])
            {
                Assert.True(winners.TryAdd(int.Parse(line), writer), $"key {line} has two winners");
            }

            output.WriteLine($"racer {writer} won {lines.Length - 1} of {Keys}");
            racers[writer].Dispose();
        }

        Assert.Equal(Keys, winners.Count);
        using LocalObjectStore store = Open();
        for (int number = 0; number < Keys; number++)
        {
            ReadOnlyMemory<byte> body = await store.GetAsync(new ObjectKey($"race/{number}"), ByteRange.All, default);
            Assert.Equal((winners[number], number), MarkedBody.Check(body.Span));
        }
    }

    [SkippableFact]
    public async Task A_put_that_the_disk_cannot_take_is_Unavailable_and_leaves_nothing()
    {
        string shell = Requirement.Tool("bash");
        using (Open())
        {
        }

        // The shell's file size limit stands in for a full disk: the write fails in the middle.
        string command = string.Join(' ', ChildMode.CommandLine<LocalStoreFiller>(_root, "20000000").Select(part => $"'{part}'"));
        ProcessStartInfo start = new(shell) { RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"trap '' XFSZ; ulimit -f 8000; export DOTNET_EnableWriteXorExecute=0; exec {command}");
        using Process child = Process.Start(start)!;
        string said = await child.StandardOutput.ReadToEndAsync();
        output.WriteLine(said);
        Assert.StartsWith("Unavailable: cannot write 'too/big'", said, StringComparison.Ordinal);
        using LocalObjectStore store = Open();
        Assert.Null(await store.HeadAsync(new ObjectKey("too/big"), default));
        Assert.DoesNotContain(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories), file => new FileInfo(file).Length > 4096);
    }

    [Fact]
    public void Opening_sweeps_folders_of_dead_owners_and_leaves_those_of_living_ones()
    {
        using LocalObjectStore living = Open();
        string dead = Path.Combine(TemporaryFolder, "dead");
        Directory.CreateDirectory(dead);
        File.WriteAllText(Path.Combine(dead, "17"), "half an object");
        string livingFolder = Directory.GetDirectories(TemporaryFolder).Single(folder => folder != dead);
        using LocalObjectStore other = Open();
        Assert.False(Directory.Exists(dead));
        Assert.True(Directory.Exists(livingFolder));
        Assert.Equal(2, Directory.GetDirectories(TemporaryFolder).Length);
    }

    [Fact]
    public async Task A_damaged_file_is_Corrupt_and_says_which()
    {
        using LocalObjectStore store = Open();
        await store.PutAsync(new ObjectKey("good/one"), new ReadOnlySequence<byte>(new byte[100]), PutCondition.None, default);
        string file = Path.Combine(_root, "objects", "good.d", "one.o");
        byte[] bytes = File.ReadAllBytes(file);
        foreach (int position in new[] { 0, 9, 30, 63, 64, 163 })
        {
            byte[] damaged = [.. bytes];
            damaged[position] ^= 1;
            File.WriteAllBytes(file, damaged);
            await AssertCorruptAsync(store);
        }

        foreach (int length in new[] { 0, 10, 64, 163 })
        {
            File.WriteAllBytes(file, bytes[..length]);
            await AssertCorruptAsync(store);
        }
    }

    [Fact]
    public void A_folder_of_a_newer_version_is_refused()
    {
        using (Open())
        {
        }

        File.WriteAllText(Path.Combine(_root, "FORMAT"), "broker local object store, version 2\n");
        StorageException error = Assert.Throws<StorageException>(Open);
        Assert.Equal(StorageErrorKind.Invalid, error.Kind);
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Etag_and_write_id_stay_across_reopening()
    {
        Guid writeId = Guid.NewGuid();
        string etag;
        using (LocalObjectStore store = Open())
        {
            PutCondition condition = PutCondition.None.WithWriteId(writeId);
            etag = (await store.PutAsync(new ObjectKey("k"), new ReadOnlySequence<byte>(new byte[3]), condition, default)).ETag!;
        }

        using LocalObjectStore again = Open();
        ObjectInfo info = (await again.HeadAsync(new ObjectKey("k"), default))!;
        Assert.Equal((etag, writeId), (info.ETag, info.WriteId));
    }

    private static async Task AssertCorruptAsync(LocalObjectStore store)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            async () => await store.GetAsync(new ObjectKey("good/one"), ByteRange.All, default));
        Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
        Assert.Contains("one", error.Message, StringComparison.Ordinal);
    }

    private static async Task CheckAsync(LocalObjectStore store, Dictionary<string, (int Writer, int Number)> acknowledged)
    {
        HashSet<string> listed = [];
        await foreach (ObjectInfo info in store.ListAsync("", null, default))
        {
            listed.Add(info.Key.Value);
            ReadOnlyMemory<byte> body = await store.GetAsync(info.Key, ByteRange.All, default);
            (int Writer, int Number) found = MarkedBody.Check(body.Span);
            if (acknowledged.TryGetValue(info.Key.Value, out (int Writer, int Number) expected))
            {
                bool isNewer = found.Writer > expected.Writer || (found.Writer == expected.Writer && found.Number > expected.Number);
                bool mayBeNewer = info.Key.Value.StartsWith("over", StringComparison.Ordinal);
                Assert.True(found == expected || (mayBeNewer && isNewer), $"{info.Key} is {found}, but {expected} was acknowledged");
            }
        }

        Assert.Empty(acknowledged.Keys.Except(listed));
    }

    private async Task HammerAndKillAsync(int writer, Random random, Dictionary<string, (int Writer, int Number)> acknowledged)
    {
        using Process child = ChildMode.Start<LocalStoreHammer>(_root, $"{writer}", $"{random.Next()}");
        int lines = random.Next(1, 60);
        Task kill = Task.CompletedTask;
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            string[] parts = line.Split(' ');
            acknowledged[parts[0]] = (writer, int.Parse(parts[1]));
            if (--lines == 0)
            {
                // At a random instant of whatever write is going on then.
                kill = KillSoonAsync(child, random.Next(8_000));
            }
        }

        await kill;
        await child.WaitForExitAsync();
        Assert.True(lines <= 0, "the child ended by itself");
    }

    private static async Task KillSoonAsync(Process child, int afterMicroseconds)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMicroseconds < afterMicroseconds)
        {
            await Task.Yield();
        }

        child.Kill();
    }

    private LocalObjectStore Open() => LocalObjectStore.Open(new LocalObjectStoreOptions(_root));
}
