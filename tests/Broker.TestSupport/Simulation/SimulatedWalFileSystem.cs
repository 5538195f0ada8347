using Broker.ObjectStore.Wal;

namespace Broker.TestSupport.Simulation;

/// <summary>
/// A folder in memory that loses at a crash what no sync made durable: any subset of unsynced sectors survives, and a prefix of the
/// unsynced folder changes. Every operation is a step; a fault can be put on any step. Not thread-safe: use it with an inline log.
/// </summary>
public sealed class SimulatedWalFileSystem : IWalFileSystem
{
    public const int SectorBytes = 512;

    private readonly List<Action<Dictionary<string, Content>>> _unsyncedChanges = [];
    private Dictionary<string, Content> _names = [];
    private Dictionary<string, Content> _durableNames = [];
    private bool _isLocked;

    /// <summary>How many operations that change something were asked for.</summary>
    public int Steps { get; private set; }

    /// <summary>The operation with this number throws instead of happening (a write happens in part): the process dies there.</summary>
    public int CrashAtStep { get; set; } = int.MaxValue;

    /// <summary>Syncs of data fail while set, and the kernel then takes the lost pages for clean.</summary>
    public bool SyncFails { get; set; }

    /// <summary>Syncs of data succeed and do nothing.</summary>
    public bool SyncLies { get; init; }

    /// <summary>Bytes that all files together may have; writes and creations beyond fail as a full disk.</summary>
    public long DiskBytes { get; set; } = long.MaxValue;

    /// <summary>Writes fail as a full disk, in the middle, while set: as copy-on-write file systems do.</summary>
    public bool WritesFindDiskFull { get; set; }

    public bool IsCrashed { get; private set; }

    /// <summary>Called when an operation finds its process dead: at <see cref="CrashAtStep"/>.</summary>
    public Action? OnCrash { get; set; }

    /// <summary>The process is dead: whatever it still asks for fails.</summary>
    public void Crash() => IsCrashed = true;

    public string Description => "simulated";

    public IWalFolderLock Lock(string name)
    {
        if (_isLocked)
        {
            throw new WalFolderInUseException("locked");
        }

        _isLocked = true;
        return new Unlocker(this);
    }

    public long AvailableBytes() => DiskBytes - FileBytes;

    public IReadOnlyList<string> List() => [.. _names.Keys];

    public IWalFile Create(string name)
    {
        Step();
        Content content = new();
        _names.Add(name, content);
        _unsyncedChanges.Add(names => names[name] = content);
        return new SimulatedWalFile(this, content);
    }

    public IWalFile Open(string name) => new SimulatedWalFile(this, _names[name]);

    public void Rename(string from, string to)
    {
        Step();
        if (_names.ContainsKey(to) || !_names.Remove(from, out Content? content))
        {
            throw new IOException($"cannot rename {from} to {to}");
        }

        _names.Add(to, content);
        _unsyncedChanges.Add(names =>
        {
            names.Remove(from);
            names[to] = content;
        });
    }

    public void Delete(string name)
    {
        Step();
        if (!_names.Remove(name))
        {
            throw new IOException($"no {name}");
        }

        _unsyncedChanges.Add(names => names.Remove(name));
    }

    public void SyncFolder()
    {
        Step();
        _durableNames = new Dictionary<string, Content>(_names);
        _unsyncedChanges.Clear();
    }

    /// <summary>The machine loses power: what is not durable survives as <paramref name="random"/> decides. The folder can then be used again.</summary>
    public void LosePower(Random random)
    {
        int survivingChanges = random.Next(_unsyncedChanges.Count + 1);
        _unsyncedChanges.Take(survivingChanges).ToList().ForEach(change => change(_durableNames));
        _names = new Dictionary<string, Content>(_durableNames);
        _unsyncedChanges.Clear();
        foreach (Content content in _names.Values)
        {
            content.LosePower(random);
        }

        Restart();
    }

    /// <summary>The process dies, the machine goes on: all that was written is there, in the page cache.</summary>
    public void KillProcess() => Restart();

    /// <summary>The bytes of a file as a reader sees them, to be damaged.</summary>
    public byte[] Bytes(string name) => _names[name].Bytes;

    private long FileBytes => _names.Values.Sum(content => (long)content.Bytes.Length);

    internal void Step()
    {
        if (IsCrashed || ++Steps >= CrashAtStep)
        {
            if (!IsCrashed)
            {
                IsCrashed = true;
                OnCrash?.Invoke();
            }

            throw new IOException("the simulated process died");
        }
    }

    internal bool NextStepCrashes => !IsCrashed && Steps + 1 >= CrashAtStep;

    internal void CheckSpace(long moreBytes)
    {
        if (FileBytes + moreBytes > DiskBytes)
        {
            throw new WalDiskFullException("the simulated disk is full");
        }
    }

    private void Restart()
    {
        IsCrashed = false;
        CrashAtStep = int.MaxValue;
        _isLocked = false;
    }

    /// <summary>The bytes of one file: as read, and as they are on the platter.</summary>
    internal sealed class Content
    {
        private readonly HashSet<int> _dirtySectors = [];
        private byte[] _durable = [];

        public byte[] Bytes { get; private set; } = [];

        public void Write(long position, ReadOnlySpan<byte> data)
        {
            if (position + data.Length > Bytes.Length)
            {
                byte[] longer = new byte[position + data.Length];
                Bytes.CopyTo(longer, 0);
                Bytes = longer;
            }

            data.CopyTo(Bytes.AsSpan((int)position));
            for (int sector = (int)(position / SectorBytes); sector * SectorBytes < position + data.Length; sector++)
            {
                _dirtySectors.Add(sector);
            }
        }

        public void Sync()
        {
            Grow();
            foreach (int sector in _dirtySectors)
            {
                KeepSector(sector);
            }

            _dirtySectors.Clear();
        }

        /// <summary>What a failed fsync leaves: pages that are clean to the kernel and were never written.</summary>
        public void LoseDirtiness()
        {
            Grow();
            _dirtySectors.Clear();
        }

        public void LosePower(Random random)
        {
            Grow();
            foreach (int sector in _dirtySectors.Order())
            {
                if (random.Next(2) == 0)
                {
                    KeepSector(sector);
                }
            }

            _dirtySectors.Clear();
            Bytes = (byte[])_durable.Clone();
        }

        private void Grow()
        {
            if (_durable.Length < Bytes.Length)
            {
                Array.Resize(ref _durable, Bytes.Length);
            }
        }

        private void KeepSector(int sector)
        {
            int from = sector * SectorBytes;
            int length = Math.Min(SectorBytes, Bytes.Length - from);
            Bytes.AsSpan(from, length).CopyTo(_durable.AsSpan(from));
        }
    }

    private sealed class Unlocker(SimulatedWalFileSystem files) : IWalFolderLock
    {
        public bool IsInPlace => files._isLocked;

        public void Dispose() => files._isLocked = false;
    }
}
