using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Cleaning;

/// <summary>Blocks of stored batches, which end where a batch does.</summary>
internal static class BlockBatches
{
    /// <summary>Bytes of the batch that <paramref name="rest"/>, which is not empty, begins with.</summary>
    /// <exception cref="StorageException">Corrupt: there is no whole batch. To pass over it would miss keys.</exception>
    public static int BytesOfFirst(ReadOnlySpan<byte> rest)
    {
        try
        {
            return new RecordBatchView(rest).WholeBatch.Length;
        }
        catch (MalformedMessageException cause)
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"a block does not end with a batch: {cause.Message}", cause);
        }
    }
}
