using System.Buffers;
using System.Buffers.Binary;

namespace Broker.ObjectStore;

/// <summary>
/// The object <c>[prefix]/boundary</c>: made with the log, moved forward by trims before they delete anything. All slots before
/// <see cref="First"/> are gone for ever, whatever a listing shows. Layout: docs/formats/conditional-log.md.
/// </summary>
/// <param name="First">The first slot that still counts, and the owner there.</param>
/// <param name="MaxInFlight">How many PUTs a writer may have in flight; fixed for the log's life, since fences rely on it.</param>
/// <param name="DeletedTo">Data slots before this one are deleted; those between it and <see cref="First"/> may be left over.</param>
internal sealed record LogBoundary(LogPosition First, int MaxInFlight, long DeletedTo)
{
    private const int Size = 56;
    private const uint Magic = 0x424C4342; // "BCLB"
    private const ushort Version = 1;

    /// <summary>The boundary and its etag, or null when the log does not exist.</summary>
    internal static async ValueTask<(LogBoundary Boundary, string ETag)?> LoadAsync(
        IObjectStore store, LogKeys keys, CancellationToken ct)
    {
        // HEAD before GET: if the object changes in between, the etag is the older one, and a conditional PUT on it fails.
        ObjectInfo? info = await store.HeadAsync(keys.Boundary, ct);
        if (info is null)
        {
            return null;
        }

        LogBoundary boundary = await SecondLook.ReadAsync(async () => Decode(keys.Boundary, (await store.GetAsync(keys.Boundary, ByteRange.All, ct)).Span));
        return (boundary, info.ETag);
    }

    /// <summary>The boundary of an existing log, or of a log that this call creates.</summary>
    internal static async ValueTask<LogBoundary> LoadOrCreateAsync(
        IObjectStore store, LogKeys keys, int maxInFlight, CancellationToken ct)
    {
        (LogBoundary Boundary, string ETag)? found = await LoadAsync(store, keys, ct);
        if (found is null)
        {
            LogBoundary created = new(LogPosition.Start, maxInFlight, 0);
            PutResult result = await store.PutAsync(
                keys.Boundary, new ReadOnlySequence<byte>(created.Encode()), PutCondition.IfAbsent, ct);
            if (result.Outcome == PutOutcome.Written)
            {
                return created;
            }

            // Someone else made it, or nobody knows: look again.
            found = await LoadAsync(store, keys, ct) ?? throw new StorageException(
                StorageErrorKind.Unavailable, $"whether '{keys.Boundary}' was created is unknown; open the log again", result.Cause);
        }

        return found.Value.Boundary;
    }

    /// <summary>The boundary of a log that exists.</summary>
    /// <exception cref="StorageException">Corrupt: it does not, any more.</exception>
    internal static async ValueTask<LogBoundary> LoadExistingAsync(IObjectStore store, LogKeys keys, CancellationToken ct) =>
        (await LoadAsync(store, keys, ct) ?? throw Lost(keys)).Boundary;

    internal static StorageException Lost(LogKeys keys) => new(
        StorageErrorKind.Corrupt,
        $"log '{keys.Prefix}' has lost its boundary object '{keys.Boundary}': somebody has emptied the store, or it is another one; restore the log's objects");

    internal byte[] Encode()
    {
        byte[] bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), checked((ushort)MaxInFlight));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), First.NextSlot);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), First.Epoch);
        First.WriterId.TryWriteBytes(bytes.AsSpan(24), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), DeletedTo);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(52), Crc32C.Compute(bytes.AsSpan(0, 52)));
        return bytes;
    }

    /// <exception cref="StorageException">Corrupt; or Invalid: written by a newer version.</exception>
    internal static LogBoundary Decode(ObjectKey key, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"'{key}' is not a log boundary");
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
        if (version > Version)
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"log boundary '{key}' has version {version}; this build reads up to {Version}");
        }

        if (bytes.Length != Size || BinaryPrimitives.ReadUInt32LittleEndian(bytes[52..]) != Crc32C.Compute(bytes[..52]))
        {
            throw new StorageException(StorageErrorKind.Corrupt, $"log boundary '{key}': its length or checksum does not match");
        }

        LogPosition first = new(
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            new Guid(bytes.Slice(24, 16), bigEndian: true));
        return new LogBoundary(
            first, BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]));
    }
}
