using System.Collections;
using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Property;

/// <summary>Messages that hold one array of very many elements, each as small as it can be.</summary>
internal static class DenseMessages
{
    /// <summary>For each version of a message and each array of structs in it, at any depth: one message.</summary>
    public static IEnumerable<(short Version, string Path, IKafkaMessage Message)> Of(CatalogEntry entry, int elements)
    {
        foreach (short version in entry.Versions)
        {
            foreach (FieldDefinition[] path in Paths(entry.Definition, entry.Definition.Body, version))
            {
                object message = Activator.CreateInstance(entry.Class)!;
                Fill(message, path, elements);
                yield return (version, $"{entry.Definition.Name}.{string.Join('.', path.Select(field => field.Name))}", (IKafkaMessage)message);
            }
        }
    }

    private static IEnumerable<FieldDefinition[]> Paths(MessageDefinition message, StructDefinition definition, short version)
    {
        foreach (FieldDefinition field in definition.Fields.Where(field => field.Versions.Contains(version) && field.Type.IsStructArray))
        {
            yield return [field];
            foreach (FieldDefinition[] rest in Paths(message, message.FindStruct(field.Type.StructName!), version))
            {
                yield return [field, .. rest];
            }
        }
    }

    private static void Fill(object target, ReadOnlySpan<FieldDefinition> path, int elements)
    {
        Type type = target.GetType().GetProperty(path[0].Name)!.PropertyType;
        IList list = (IList)Activator.CreateInstance(type)!;
        target.GetType().GetProperty(path[0].Name)!.SetValue(target, list);
        int count = path.Length == 1 ? elements : 1;
        for (int i = 0; i < count; i++)
        {
            object element = Activator.CreateInstance(type.GetGenericArguments()[0])!;
            list.Add(element);
            if (path.Length > 1)
            {
                Fill(element, path[1..], elements);
            }
        }
    }
}
