using System.Globalization;

namespace Akka.Configuration.Hocon;

/// <summary>A value of a configuration: text, an array or an object.</summary>
public class HoconValue
{
    private readonly HoconObject? _object;
    private readonly IReadOnlyList<HoconValue>? _array;
    private readonly string? _text;

    /// <summary>An empty value.</summary>
    public HoconValue()
    {
    }

    internal HoconValue(HoconObject value) => _object = value;

    internal HoconValue(IReadOnlyList<HoconValue> array) => _array = array;

    internal HoconValue(string? text) => _text = text;

    public bool IsEmpty => _text is null && _array is null && (_object is null || _object.Items.Count == 0);

    public bool IsString() => _text is not null;

    public bool IsArray() => _array is not null;

    public bool IsObject() => _object is not null;

    /// <summary>The object, or null when the value is something else.</summary>
    public HoconObject GetObject() => _object!;

    /// <summary>The text; null for arrays and objects.</summary>
    public string GetString() => _text!;

    public IList<HoconValue> GetArray() => _array is null ? [] : [.. _array];

    public bool GetBoolean() => _text switch
    {
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        _ => throw Unfit("one of on, off, true, false, yes, no"),
    };

    public int GetInt() => int.TryParse(_text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number)
        ? number
        : throw Unfit("a whole number of 32 bits");

    public long GetLong() => long.TryParse(_text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number)
        ? number
        : throw Unfit("a whole number");

    public double GetDouble() => double.TryParse(_text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
        ? number
        : throw Unfit("a number");

    public float GetFloat() => (float)GetDouble();

    public decimal GetDecimal() => decimal.TryParse(_text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)
        ? number
        : throw Unfit("a decimal number");

    public IList<string> GetStringList() => [.. GetArray().Select(item => item.GetString())];

    public IList<int> GetIntList() => [.. GetArray().Select(item => item.GetInt())];

    public IList<long> GetLongList() => [.. GetArray().Select(item => item.GetLong())];

    /// <summary>A span with its unit (<c>10s</c>, <c>5 minutes</c>, <c>infinite</c>); milliseconds when there is none.</summary>
    public TimeSpan GetTimeSpan(bool allowInfinite = true) => HoconUnits.TryTimeSpan(_text, allowInfinite, out TimeSpan span)
        ? span
        : throw Unfit("a time span like 10s, 500ms, 5 minutes" + (allowInfinite ? " or infinite" : ""));

    /// <summary>A size in bytes with its unit (<c>1k</c>, <c>10 MiB</c>, <c>1MB</c>); bytes when there is none.</summary>
    public long? GetByteSize() => _text is null
        ? null
        : HoconUnits.TryByteSize(_text, out long bytes) ? bytes : throw Unfit("a size like 512, 64k, 10 MiB or 1MB");

    public override string ToString() => HoconPrinter.Print(this, 0);

    private FormatException Unfit(string expected) =>
        new($"The value '{(_text is null ? ToString() : _text)}' is not {expected}.");
}

/// <summary>An object of a configuration.</summary>
public class HoconObject
{
    /// <summary>The members in the order of their first mention.</summary>
    public Dictionary<string, HoconValue> Items { get; } = [];

    /// <summary>The member, or null.</summary>
    public HoconValue GetKey(string key) => Items.GetValueOrDefault(key)!;

    public override string ToString() => HoconPrinter.Print(new HoconValue(this), 0);
}
