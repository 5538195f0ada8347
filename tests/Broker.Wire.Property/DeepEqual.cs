using System.Buffers;
using System.Collections;
using System.Reflection;
using Broker.Wire.Primitives;

namespace Broker.Wire.Property;

/// <summary>Compares messages property by property.</summary>
internal static class DeepEqual
{
    /// <summary>The path of the first difference; null when there is none.</summary>
    public static string? FirstDifference(object? expected, object? actual, string path)
    {
        if (expected is null || actual is null)
        {
            return ReferenceEquals(expected, actual) ? null : path;
        }

        return expected switch
        {
            byte[] bytes => bytes.AsSpan().SequenceEqual((byte[])actual) ? null : path,
            ReadOnlySequence<byte> bytes => bytes.ToArray().AsSpan().SequenceEqual(((ReadOnlySequence<byte>)actual).ToArray()) ? null : path,
            RawTaggedField field => field.Tag == ((RawTaggedField)actual).Tag ? FirstDifference(field.Value, ((RawTaggedField)actual).Value, path) : path,
            IList list => InLists(list, (IList)actual, path),
            IWireStruct => InProperties(expected, actual, path),
            _ => expected.Equals(actual) ? null : path,
        };
    }

    private static string? InLists(IList expected, IList actual, string path)
    {
        if (expected.Count != actual.Count)
        {
            return $"{path}.Count";
        }

        return Enumerable.Range(0, expected.Count)
            .Select(i => FirstDifference(expected[i], actual[i], $"{path}[{i}]"))
            .FirstOrDefault(difference => difference is not null);
    }

    private static string? InProperties(object expected, object actual, string path) =>
        expected.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => FirstDifference(property.GetValue(expected), property.GetValue(actual), $"{path}.{property.Name}"))
            .FirstOrDefault(difference => difference is not null);
}
