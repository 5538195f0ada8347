using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Cleaning;

/// <summary>
/// That a stored batch cannot be read for its keys. A cleaning ends by it, and changes nothing: of records whose keys are not
/// known none may go, and no tombstone that deletes them. Its kind is Corrupt for a batch that is damaged or larger than
/// <see cref="CleaningLimits.MaxRecordsBytes"/>, and Unavailable where this machine has no library for its codec.
/// </summary>
internal static class UnreadableBatch
{
    public static StorageException At(long baseOffset, ProtocolException cause) => new(
        cause is CodecUnavailableException ? StorageErrorKind.Unavailable : StorageErrorKind.Corrupt,
        $"the batch at offset {baseOffset} cannot be read for its keys: {cause.Message}",
        cause);
}
