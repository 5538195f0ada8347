using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>Deletes objects that nothing refers to any more. One that cannot be deleted keeps no other; one round at a time.</summary>
internal sealed class ObjectDeletion(IObjectStore store, ILogger log)
{
    /// <summary>Failures that follow each other, after which the store is taken to be away, and the rest left for the next round: each takes as long as a request is tried, 30 s.</summary>
    public const int MaxFailuresInARow = 10;

    /// <summary>In which round each of those that are left failed last: who waited longest comes first, so that however many cannot be deleted, every other has its turn.</summary>
    private Dictionary<ObjectId, long> _failedIn = [];
    private long _round;

    /// <summary>Tries each; returns those that are deleted. What failed is told by one line, and is the caller's to bring again.</summary>
    public async Task<IReadOnlyList<ObjectId>> RunAsync(IReadOnlyList<DeletableObject> objects)
    {
        List<ObjectId> deleted = [];
        _failedIn = objects.Where(item => _failedIn.ContainsKey(item.ObjectId)).ToDictionary(item => item.ObjectId, item => _failedIn[item.ObjectId]);
        _round++;
        (DeletableObject Item, string Problem)? first = null;
        int inARow = 0;
        foreach (DeletableObject item in objects.OrderBy(item => _failedIn.GetValueOrDefault(item.ObjectId)).ToArray())
        {
            try
            {
                await store.DeleteAsync(item.Key, CancellationToken.None);
                deleted.Add(item.ObjectId);
                inARow = 0;
            }
            catch (StorageException cause)
            {
                _failedIn[item.ObjectId] = _round;
                first ??= (item, cause.Message);
                if (++inARow == MaxFailuresInARow)
                {
                    break;
                }
            }
        }

        if (first is var (at, problem))
        {
            RetentionLog.DeleteFailed(log, objects.Count - deleted.Count, objects.Count, at.Key.Value, problem);
        }

        return deleted;
    }
}
