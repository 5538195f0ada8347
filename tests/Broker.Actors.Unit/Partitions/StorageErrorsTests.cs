using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.Wire;

namespace Broker.Actors.Unit.Partitions;

/// <summary>What readers are told of a failed read, and what the operator is.</summary>
public sealed class StorageErrorsTests
{
    private static readonly TopicPartition First = new("t", 0);
    private static readonly TopicPartition Second = new("t", 1);
    private readonly ListLogger _log = new();
    private readonly PartitionServices _services;

    public StorageErrorsTests() => _services = new PartitionServices(
        new LogCache(new LogCacheOptions(), TimeProvider.System), null!, ActorRefs.Nobody, TestOptions.Of().Topics, TimeProvider.System, _log)
    {
        WalBound = TestOptions.Of().Storage.WalAppendBound,
        Metadata = ActorRefs.Nobody,
    };

    [Fact]
    public void Damaged_block_is_a_storage_error_and_told_once_for_each_partition_however_often_it_is_asked_for()
    {
        StorageException damaged = new(StorageErrorKind.Corrupt, "block 3 of 'data/1' is damaged");
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(ErrorCode.KafkaStorageError, StorageErrors.OnRead(_services, First, damaged));
            StorageErrors.OnRead(_services, First, new StorageException(StorageErrorKind.Corrupt, "block 4 of 'data/1' is damaged"));
            StorageErrors.OnRead(_services, Second, damaged);
        }

        Assert.Equal(3, _log.Lines.Count);
        Assert.Contains("t-0", _log.Lines[0], StringComparison.Ordinal);
        Assert.Contains("block 3 of 'data/1'", _log.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Store_that_is_away_is_a_storage_error_and_told_once_for_all_partitions()
    {
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(ErrorCode.KafkaStorageError, StorageErrors.OnRead(_services, new TopicPartition("t", i), new StorageException(StorageErrorKind.Unavailable, $"no answer {i}")));
        }

        Assert.Single(_log.Lines);
    }
}
