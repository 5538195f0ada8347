namespace Broker.ObjectStore.StreamObjects;

/// <summary>The constants of the data object format, version 1: docs/formats/stream-set-object.md. Numbers are little-endian, magics are text.</summary>
internal static class ObjectFormat
{
    public const ulong Magic = 0x42524B4F424A4354; // "BRKOBJCT"
    public const ushort Version = 1;
    public const int HeaderBytes = 16;
    public const int FooterBytes = 64;
    public const int DirectoryEntryBytes = 72;

    /// <exception cref="StorageException">Invalid: a newer build wrote it.</exception>
    public static void CheckVersion(ushort version, ObjectKey key, string what)
    {
        if (version != Version)
        {
            throw new StorageException(
                StorageErrorKind.Invalid,
                $"{what} of '{key}' has version {version}, newer than this build reads ({Version}); read it with the newer build");
        }
    }

    public static StorageException Corrupt(ObjectKey key, string what) =>
        new(StorageErrorKind.Corrupt, $"object '{key}': {what}");
}
