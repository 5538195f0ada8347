using System.Buffers;
using Broker.ObjectStore.Local;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>The local store, each client with an instance of its own on the same folder.</summary>
public sealed class LocalObjectStoreContract : ObjectStoreContract
{
    private readonly string _root = Directory.CreateTempSubdirectory("broker-store-").FullName;
    private readonly List<LocalObjectStore> _clients = [];

    public override Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        Directory.Delete(_root, recursive: true);
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(64)]
    [InlineData(66)]
    [InlineData(200)]
    public async Task File_that_does_not_match_its_header_is_corrupt_and_is_listed_with_all_others(long fileBytes)
    {
        IObjectStore store = OpenClient();
        foreach (string key in new[] { "a", "b", "c" })
        {
            await store.PutAsync(new ObjectKey(key), new ReadOnlySequence<byte>(new byte[100]), PutCondition.None, CancellationToken.None);
        }

        using (FileStream file = File.OpenWrite(Path.Combine(_root, "objects", "b.o")))
        {
            file.SetLength(fileBytes);
        }

        List<(string, long)> listed = [];
        await foreach (ObjectInfo info in store.ListAsync("", null, CancellationToken.None))
        {
            listed.Add((info.Key.Value, info.SizeBytes));
        }

        Assert.Equal([("a", 100), ("b", Math.Max(0, fileBytes - 64)), ("c", 100)], listed);
        Func<Task>[] accesses =
        [
            async () => await store.GetAsync(new ObjectKey("b"), ByteRange.All, CancellationToken.None),
            async () => await store.ReadAsync(new ObjectKey("b"), new ByteRange(0, 1), [new byte[1]], CancellationToken.None),
            async () => await store.HeadAsync(new ObjectKey("b"), CancellationToken.None),
        ];
        foreach (Func<Task> access in accesses)
        {
            Assert.Equal(StorageErrorKind.Corrupt, (await Assert.ThrowsAsync<StorageException>(access)).Kind);
        }

        await store.DeleteAsync(new ObjectKey("b"), CancellationToken.None);
        Assert.Null(await store.HeadAsync(new ObjectKey("b"), CancellationToken.None));
    }

    protected override bool RemovesPartsWhenOpened => true;

    protected override IObjectStore OpenClient()
    {
        LocalObjectStore client = LocalObjectStore.Open(new LocalObjectStoreOptions(_root));
        lock (_clients)
        {
            _clients.Add(client);
        }

        return client;
    }
}
