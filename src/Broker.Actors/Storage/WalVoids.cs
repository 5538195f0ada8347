using Broker.ObjectStore;

namespace Broker.Actors.Storage;

/// <summary>
/// Which generations of partitions were refused: what was numbered in them is never acknowledged, though it may still come or be on disk. Outlives the WAL stage's
/// actor when that is restarted. For one turn at a time.
/// </summary>
internal sealed class WalVoids
{
    // By epoch as well: a partition that is opened anew counts its generations from the start.
    private readonly Dictionary<StreamId, (LeaderEpoch Epoch, int Generation)> _refused = [];

    public bool Contains(WalAppend append) =>
        _refused.TryGetValue(append.Stream, out (LeaderEpoch Epoch, int Generation) refused)
        && (append.Batch.Epoch < refused.Epoch || (append.Batch.Epoch == refused.Epoch && append.Generation <= refused.Generation));

    /// <summary>Makes the append's generation void. False: it was.</summary>
    public bool Add(WalAppend append)
    {
        if (Contains(append))
        {
            return false;
        }

        _refused[append.Stream] = (append.Batch.Epoch, append.Generation);
        return true;
    }
}
