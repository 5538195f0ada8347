using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>Whose a folder is while logs follow each other in it, on real files.</summary>
public sealed class KeptWalFolderTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("wal-kept-").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void Folder_stays_locked_between_two_logs_and_is_free_in_the_end()
    {
        KeptWalFolder kept = new(new WalFolder(_path));
        kept.Lock("lock").Dispose();
        Assert.Throws<WalFolderInUseException>(() => new WalFolder(_path).Lock("lock"));
        using IWalFolderLock again = kept.Lock("lock");
        Assert.True(again.IsInPlace);
        Assert.Throws<WalFolderInUseException>(() => new WalFolder(_path).Lock("lock"));

        kept.Dispose();

        new WalFolder(_path).Lock("lock").Dispose();
    }

    // As when another disk is mounted there.
    [Fact]
    public void Folder_that_took_the_place_of_the_one_that_was_locked_is_locked_too()
    {
        using KeptWalFolder kept = new(new WalFolder(_path));
        using IWalFolderLock first = kept.Lock("lock");
        Directory.Move(_path, _path + "-moved");
        Directory.CreateDirectory(_path);
        try
        {
            Assert.False(first.IsInPlace);

            kept.Lock("lock").Dispose();

            Assert.Throws<WalFolderInUseException>(() => new WalFolder(_path).Lock("lock"));
        }
        finally
        {
            Directory.Delete(_path + "-moved", recursive: true);
        }
    }

    [Fact]
    public void Folder_that_another_process_took_in_its_place_is_in_use()
    {
        using KeptWalFolder kept = new(new WalFolder(_path));
        kept.Lock("lock").Dispose();
        File.Delete(Path.Combine(_path, "lock"));
        using IWalFolderLock other = new WalFolder(_path).Lock("lock");

        Assert.Throws<WalFolderInUseException>(() => kept.Lock("lock"));
    }
}
