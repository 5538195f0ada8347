using System.Buffers.Binary;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>The list of an object's sections, before its footer: for those who have the object but not the metadata.</summary>
internal static class ObjectDirectory
{
    public static byte[] Encode(IReadOnlyList<StreamRange> sections)
    {
        byte[] bytes = new byte[sections.Count * ObjectFormat.DirectoryEntryBytes];
        for (int i = 0; i < sections.Count; i++)
        {
            StreamRange section = sections[i];
            Span<byte> entry = bytes.AsSpan(i * ObjectFormat.DirectoryEntryBytes, ObjectFormat.DirectoryEntryBytes);
            BinaryPrimitives.WriteInt64LittleEndian(entry, section.Stream.Value);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], section.Epoch.Value);
            BinaryPrimitives.WriteInt32LittleEndian(entry[12..], section.IndexBytes);
            BinaryPrimitives.WriteInt64LittleEndian(entry[16..], section.BaseOffset.Value);
            BinaryPrimitives.WriteInt64LittleEndian(entry[24..], section.EndOffset.Value);
            BinaryPrimitives.WriteInt64LittleEndian(entry[32..], section.MaxTimestampMs);
            BinaryPrimitives.WriteInt64LittleEndian(entry[40..], section.SizeBytes);
            BinaryPrimitives.WriteInt64LittleEndian(entry[48..], section.IndexPosition);
            BinaryPrimitives.WriteInt64LittleEndian(entry[56..], section.StatePosition);
            BinaryPrimitives.WriteInt32LittleEndian(entry[64..], section.StateBytes);
        }

        return bytes;
    }

    /// <exception cref="StorageException">Corrupt.</exception>
    public static IReadOnlyList<StreamRange> Decode(ReadOnlySpan<byte> bytes, ObjectFooter footer, ObjectKey key)
    {
        if (bytes.Length != footer.DirectoryBytes || Crc32C.Compute(bytes) != footer.DirectoryCrc
            || bytes.Length != (long)footer.SectionCount * ObjectFormat.DirectoryEntryBytes)
        {
            throw ObjectFormat.Corrupt(key, $"the directory at byte {footer.DirectoryPosition} has a wrong checksum");
        }

        StreamRange[] sections = new StreamRange[footer.SectionCount];
        for (int i = 0; i < sections.Length; i++)
        {
            ReadOnlySpan<byte> entry = bytes.Slice(i * ObjectFormat.DirectoryEntryBytes, ObjectFormat.DirectoryEntryBytes);
            sections[i] = new StreamRange(
                Stream: new StreamId(BinaryPrimitives.ReadInt64LittleEndian(entry)),
                Epoch: new LeaderEpoch(BinaryPrimitives.ReadInt32LittleEndian(entry[8..])),
                BaseOffset: new Offset(BinaryPrimitives.ReadInt64LittleEndian(entry[16..])),
                EndOffset: new Offset(BinaryPrimitives.ReadInt64LittleEndian(entry[24..])),
                MaxTimestampMs: BinaryPrimitives.ReadInt64LittleEndian(entry[32..]),
                SizeBytes: BinaryPrimitives.ReadInt64LittleEndian(entry[40..]),
                IndexPosition: BinaryPrimitives.ReadInt64LittleEndian(entry[48..]),
                IndexBytes: BinaryPrimitives.ReadInt32LittleEndian(entry[12..]),
                StatePosition: BinaryPrimitives.ReadInt64LittleEndian(entry[56..]),
                StateBytes: BinaryPrimitives.ReadInt32LittleEndian(entry[64..]));
        }

        return sections;
    }
}
