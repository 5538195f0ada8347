using System.Globalization;

namespace Broker.ObjectStore;

/// <summary>Names of data objects: <c>data/[id mod 256, 2 hex digits]/[id, 19 digits]</c>.</summary>
public static class DataKeys
{
    /// <summary>What all of them begin with.</summary>
    public const string Prefix = "data/";

    private const int IdDigits = 19;

    /// <summary>Consecutive ids lie under different prefixes, so that a store that scales by prefix can spread them.</summary>
    public static ObjectKey For(ObjectId id) => new(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id.Value & 0xff:x2}/{id.Value:d19}"));

    /// <summary>The id that a key names; false for what is no name of a data object.</summary>
    public static bool TryParse(ObjectKey key, out ObjectId id)
    {
        bool isNumber = long.TryParse(key.Value.AsSpan(Math.Max(0, key.Value.Length - IdDigits)), NumberStyles.None, CultureInfo.InvariantCulture, out long value);
        id = new ObjectId(value);
        return isNumber && For(id) == key;
    }
}
