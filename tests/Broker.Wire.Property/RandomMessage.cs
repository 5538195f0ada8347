using System.Buffers;
using System.Collections;
using System.Reflection;
using System.Text;
using Broker.Wire.Generator.Schema;
using Broker.Wire.Primitives;

namespace Broker.Wire.Property;

/// <summary>Fills messages with random contents that a version can carry; what it lacks keeps its default.</summary>
internal sealed class RandomMessage(Random random)
{
    /// <summary>Tags far above those that any schema uses, within the 31 bits that Java knows, where the last is reserved.</summary>
    private const uint FirstUnknownTag = 1000;
    private const uint LastUnknownTag = int.MaxValue - 1;

    public IKafkaMessage Create(CatalogEntry entry, short version) =>
        (IKafkaMessage)Fill(entry.Class, entry.Definition, entry.Definition.Body, version);

    private object Fill(Type type, MessageDefinition message, StructDefinition definition, short version)
    {
        object target = Activator.CreateInstance(type)!;
        foreach (FieldDefinition field in definition.Fields.Where(field => field.Versions.Contains(version)))
        {
            PropertyInfo property = type.GetProperty(field.Name)!;
            bool isNull = field.Nullable.Contains(version) && random.Next(4) == 0;
            bool keepsDefault = field.Tag is not null && random.Next(3) == 0;
            if (!keepsDefault)
            {
                property.SetValue(target, isNull ? null : Value(property.PropertyType, field, message, version));
            }
        }

        if (message.IsFlexible(version) && random.Next(3) == 0)
        {
            List<RawTaggedField> unknown = [new(FirstUnknownTag, Bytes(random.Next(5))), new(LastUnknownTag, Bytes(random.Next(200)))];
            type.GetProperty("UnknownTaggedFields")!.SetValue(target, unknown);
        }

        return target;
    }

    private object Value(Type type, FieldDefinition field, MessageDefinition message, short version)
    {
        if (!field.Type.IsArray)
        {
            return Single(Nullable.GetUnderlyingType(type) ?? type, field, message, version);
        }

        IList list = (IList)Activator.CreateInstance(type)!;
        for (int count = random.Next(4); count > 0; count--)
        {
            list.Add(Single(type.GetGenericArguments()[0], field, message, version));
        }

        return list;
    }

    private object Single(Type type, FieldDefinition field, MessageDefinition message, short version) => field.Type.Kind switch
    {
        TypeKind.Bool => random.Next(2) == 0,
        TypeKind.Int8 => (sbyte)Number(),
        TypeKind.Int16 => (short)Number(),
        TypeKind.UInt16 => (ushort)Number(),
        TypeKind.Int32 => (int)Number(),
        TypeKind.UInt32 => (uint)Number(),
        TypeKind.Int64 => Number(),
        TypeKind.Float64 => random.NextDouble() * 1e9,
        TypeKind.Uuid => new Guid(Bytes(16)),
        TypeKind.String => Text(),
        TypeKind.Bytes => Bytes(random.Next(20)),
        TypeKind.Records => new ReadOnlySequence<byte>(Bytes(random.Next(200))),
        _ => Fill(type, message, message.FindStruct(field.Type.StructName!), version),
    };

    private long Number() => random.Next(4) switch
    {
        0 => random.Next(-2, 3),
        1 => random.Next(2) == 0 ? long.MinValue : long.MaxValue,
        _ => random.NextInt64(long.MinValue, long.MaxValue),
    };

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Text of every UTF-8 length, now and then longer than one byte of a compact length tells.</summary>
    private string Text()
    {
        string[] pieces = ["a", "topic-", "ß", "漢", "😀", "\0", " "];
        StringBuilder text = new();
        for (int count = random.Next(8) == 0 ? random.Next(200) : random.Next(6); count > 0; count--)
        {
            text.Append(pieces[random.Next(pieces.Length)]);
        }

        return text.ToString();
    }
}
