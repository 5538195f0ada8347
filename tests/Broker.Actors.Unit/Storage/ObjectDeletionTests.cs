using System.Buffers;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.TestSupport.Storage;

namespace Broker.Actors.Unit.Storage;

public sealed class ObjectDeletionTests
{
    private readonly InMemoryObjectStore _bucket = new();
    private readonly ListLogger _log = new();
    private readonly HashSet<string> _undeletable = [];
    private readonly ObjectDeletion _deletion;
    private int _requests;

    public ObjectDeletionTests() => _deletion = new ObjectDeletion(new Store(_bucket, this), _log);

    [Fact]
    public async Task Object_that_cannot_be_deleted_keeps_no_other_and_is_one_line()
    {
        IReadOnlyList<DeletableObject> objects = await ObjectsAsync(5);
        _undeletable.UnionWith([objects[0].Key.Value, objects[3].Key.Value]);

        IReadOnlyList<ObjectId> deleted = await _deletion.RunAsync(objects);

        Assert.Equal([new ObjectId(1), new ObjectId(2), new ObjectId(4)], deleted);
        Assert.Equal([objects[0].Key.Value, objects[3].Key.Value], _bucket.Keys);
        string line = Assert.Single(_log.Lines);
        Assert.StartsWith($"2 of 5 objects", line, StringComparison.Ordinal);
        Assert.Contains($"'{objects[0].Key}' first", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Objects_that_failed_are_tried_again_after_those_that_were_not_tried()
    {
        const int undeletable = 3 * ObjectDeletion.MaxFailuresInARow;
        IReadOnlyList<DeletableObject> objects = await ObjectsAsync(undeletable + 5);
        _undeletable.UnionWith(objects.Take(undeletable).Select(item => item.Key.Value));
        HashSet<ObjectId> deleted = [];
        for (int round = 0; round < 10; round++)
        {
            deleted.UnionWith(await _deletion.RunAsync([.. objects.Where(item => !deleted.Contains(item.ObjectId))]));
        }

        Assert.Equal(5, deleted.Count);
        _undeletable.Clear();
        Assert.Equal(undeletable, (await _deletion.RunAsync([.. objects.Where(item => !deleted.Contains(item.ObjectId))])).Count);
        Assert.Empty(_bucket.Keys);
    }

    [Fact]
    public async Task Store_that_is_away_is_not_asked_for_each_of_many_objects()
    {
        IReadOnlyList<DeletableObject> objects = await ObjectsAsync(100);
        _undeletable.UnionWith(objects.Select(item => item.Key.Value));

        Assert.Empty(await _deletion.RunAsync(objects));

        Assert.Equal(ObjectDeletion.MaxFailuresInARow, _requests);
        Assert.StartsWith("100 of 100 objects", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    private async Task<IReadOnlyList<DeletableObject>> ObjectsAsync(int count)
    {
        DeletableObject[] objects = [.. Enumerable.Range(0, count).Select(i => new DeletableObject(new ObjectId(i), new ObjectKey($"data/{i:d3}"), 1, 0, ""))];
        foreach (DeletableObject item in objects)
        {
            await _bucket.PutAsync(item.Key, new ReadOnlySequence<byte>([1]), PutCondition.IfAbsent, CancellationToken.None);
        }

        return objects;
    }

    private sealed class Store(IObjectStore inner, ObjectDeletionTests test) : ForwardingObjectStore(inner)
    {
        public override ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
        {
            test._requests++;
            return test._undeletable.Contains(key.Value) ? throw new StorageException(StorageErrorKind.Unavailable, "denied") : base.DeleteAsync(key, ct);
        }
    }
}
