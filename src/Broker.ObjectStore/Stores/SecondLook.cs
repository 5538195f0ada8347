namespace Broker.ObjectStore;

/// <summary>
/// Bytes that fail their checksum are read once more before they count as damaged: damage on their way, in a proxy, a network card or this machine, is gone then;
/// damage in the store is not.
/// </summary>
internal static class SecondLook
{
    /// <summary>Reads and checks, and does both once more when what was read is Corrupt; or Invalid, for a bit that is not what is stored may make it a newer version.</summary>
    /// <exception cref="StorageException">Of the second time, or another one of the first.</exception>
    internal static async ValueTask<T> ReadAsync<T>(Func<ValueTask<T>> readChecked)
    {
        try
        {
            return await readChecked();
        }
        catch (StorageException error) when (error.Kind is StorageErrorKind.Corrupt or StorageErrorKind.Invalid)
        {
            return await readChecked();
        }
    }

    /// <inheritdoc cref="ReadAsync{T}"/>
    internal static async ValueTask ReadAsync(Func<ValueTask> readChecked)
    {
        try
        {
            await readChecked();
        }
        catch (StorageException error) when (error.Kind is StorageErrorKind.Corrupt or StorageErrorKind.Invalid)
        {
            await readChecked();
        }
    }
}
