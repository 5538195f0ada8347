using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Node;

/// <summary>The WAL's disk of one machine, and how it is doing: it survives the processes that use it.</summary>
internal sealed class SimulatedDisk(SimulatedWorld world, bool lies)
{
    private SimulatedProcess? _user;

    public SimulatedWalFileSystem Files { get; } = new() { SyncLies = lies };

    /// <summary>Whether the process that took its lock last is dead.</summary>
    public bool IsLeft => _user is null or { IsDead: true };

    /// <summary>Where a process's disk WAL does its I/O: each group takes its time.</summary>
    public static SynchronizationContext TurnsOf(SimulatedProcess process) => new Turns(process);

    /// <summary>The folder, as a process has it: whoever takes its lock is the disk's user from then on.</summary>
    public IWalFileSystem FolderOf(SimulatedProcess process) => new Folder(this, process);

    /// <summary>What the disk keeps when the process or, with it, the machine goes down.</summary>
    public void Restart(bool losesPower)
    {
        world.Note("disk", losesPower ? "power-lost" : "restart");
        if (losesPower)
        {
            Files.LosePower(world.Random);
        }
        else
        {
            Files.KillProcess();
        }
    }

    /// <summary>The process will die in the middle of an operation.</summary>
    public void CrashSoon() => Files.CrashAtStep = Files.Steps + world.Random.Next(1, 12);

    /// <summary>Syncs fail, or writes find no room, for a while.</summary>
    public async Task FailAsync(TimeSpan time)
    {
        bool isFull = world.Chance(500);
        world.Note("disk", isFull ? "full" : "sync-fails");
        (Files.WritesFindDiskFull, Files.SyncFails) = (isFull, !isFull);
        await world.DelayAsync(time);
        Heal();
    }

    public void Heal() => (Files.WritesFindDiskFull, Files.SyncFails) = (false, false);

    // Once the user dies, it writes nothing more. (One that gave the lock free, and was followed, has no part in the disk any more.)
    private void BeUsedBy(SimulatedProcess process)
    {
        if (_user == process)
        {
            return;
        }

        _user = process;
        Files.OnCrash = process.Kill;
        process.Died += () =>
        {
            if (_user == process)
            {
                Files.Crash();
            }
        };
    }

    private sealed class Folder(SimulatedDisk disk, SimulatedProcess process) : IWalFileSystem
    {
        public string Description => disk.Files.Description;

        public IWalFolderLock Lock(string name)
        {
            IWalFolderLock held = disk.Files.Lock(name);
            disk.BeUsedBy(process);
            return held;
        }

        public long AvailableBytes() => disk.Files.AvailableBytes();

        public IReadOnlyList<string> List() => disk.Files.List();

        public IWalFile Create(string name) => disk.Files.Create(name);

        public IWalFile Open(string name) => disk.Files.Open(name);

        public void Rename(string from, string to) => disk.Files.Rename(from, to);

        public void Delete(string name) => disk.Files.Delete(name);

        public void SyncFolder() => disk.Files.SyncFolder();
    }

    private sealed class Turns(SimulatedProcess process) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) =>
            process.Call(process.World.Between(0, process.World.Chance(20) ? 500 : 4), () => d(state));
    }
}
