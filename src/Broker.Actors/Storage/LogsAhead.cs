using System.Collections.Concurrent;
using Broker.ObjectStore;

namespace Broker.Actors.Storage;

/// <summary>What this node has read of the logs of nodes that do not answer, before it is known whether they are gone. Thread-safe; who adds and removes is one.</summary>
internal sealed class LogsAhead
{
    /// <summary>Of each log: seconds of what a node writes that is not pressed to upload.</summary>
    internal const long MaxBytesOfLog = 16 << 20;

    /// <summary>Who misses more nodes than this at once is likelier to be cut off itself.</summary>
    internal const int MostLogs = 4;

    private readonly ConcurrentDictionary<WalId, SlotsAhead> _logs = new();

    /// <summary>The logs of which there is something, or is about to be.</summary>
    public IEnumerable<WalId> Logs => _logs.Keys;

    /// <summary>Null: nothing.</summary>
    public SlotsAhead? Of(WalId wal) => _logs.GetValueOrDefault(wal);

    /// <summary>Makes room for a log. Null: it is there, or there are too many.</summary>
    public SlotsAhead? Add(WalId wal)
    {
        SlotsAhead ahead = new(MaxBytesOfLog);
        return _logs.Count < MostLogs && _logs.TryAdd(wal, ahead) ? ahead : null;
    }

    /// <summary>Lets go of what there is of it.</summary>
    public void Remove(WalId wal) => _logs.TryRemove(wal, out _);
}
