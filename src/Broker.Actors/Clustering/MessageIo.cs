using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Clustering;

/// <summary>The primitives of messages between nodes, and the metadata events in them, which have the form that they have in the metadata log. Layout: docs/formats/cluster-messages.md.</summary>
internal static class MessageIo
{
    /// <summary>Far more than any list between nodes has; what claims more is garbage.</summary>
    private const int MaxItems = 1_000_000;

    public static void WriteList<T>(this BinaryWriter to, IReadOnlyCollection<T> items, Action<T> write)
    {
        to.Write(items.Count);
        foreach (T item in items)
        {
            write(item);
        }
    }

    public static T[] ReadList<T>(this BinaryReader from, Func<T> read)
    {
        int count = from.ReadInt32();
        if (count is < 0 or > MaxItems || count > from.BaseStream.Length - from.BaseStream.Position)
        {
            throw new InvalidDataException($"a list of {count} items");
        }

        T[] items = new T[count];
        for (int i = 0; i < count; i++)
        {
            items[i] = read();
        }

        return items;
    }

    public static void WriteGuid(this BinaryWriter to, Guid value) => to.Write(value.ToByteArray(bigEndian: true));

    public static Guid ReadGuid(this BinaryReader from) => new(from.ReadExactly(16), bigEndian: true);

    public static void WriteText(this BinaryWriter to, string? value)
    {
        to.Write(value is not null);
        if (value is not null)
        {
            to.Write(value);
        }
    }

    public static string? ReadText(this BinaryReader from) => from.ReadBoolean() ? from.ReadString() : null;

    public static void WriteEvents(this BinaryWriter to, long timestampMs, params IReadOnlyList<MetadataEvent> events) => to.WriteBatch(new MetadataBatch(timestampMs, events));

    public static void WriteBatch(this BinaryWriter to, MetadataBatch batch)
    {
        byte[] bytes = MetadataCodec.Encode(batch);
        to.Write(bytes.Length);
        to.Write(bytes);
    }

    /// <exception cref="InvalidDataException">It is none, or of a newer build.</exception>
    public static MetadataBatch ReadBatch(this BinaryReader from)
    {
        int length = from.ReadInt32();
        try
        {
            return MetadataCodec.Decode(from.ReadExactly(length), "a message of another node");
        }
        catch (StorageException damage)
        {
            throw new InvalidDataException(damage.Message, damage);
        }
    }

    private static byte[] ReadExactly(this BinaryReader from, int length)
    {
        if (length < 0 || length > from.BaseStream.Length - from.BaseStream.Position)
        {
            throw new InvalidDataException($"{length} bytes, of which there are {from.BaseStream.Length - from.BaseStream.Position}");
        }

        return from.ReadBytes(length);
    }
}
