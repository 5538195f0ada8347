using Akka.Configuration.Hocon;

namespace Akka.Configuration;

/// <summary>An immutable tree of settings. Paths are dotted; an element with a dot in it is quoted.</summary>
public class Config
{
    public static readonly Config Empty = new();

    public Config()
        : this(new HoconValue(new HoconObject()))
    {
    }

    internal Config(HoconValue root) => Root = root;

    public HoconValue Root { get; }

    public bool IsEmpty => Root.IsEmpty;

    /// <summary>This configuration, and <paramref name="fallback"/> for what it doesn't say; objects merge.</summary>
    public virtual Config WithFallback(Config fallback)
    {
        ArgumentNullException.ThrowIfNull(fallback);
        return ReferenceEquals(fallback, this) || fallback.IsEmpty ? this : new Config(Merged(Root, fallback.Root));
    }

    public virtual bool HasPath(string path) => Find(path) is not null;

    /// <summary>The value, or null when there is none.</summary>
    public HoconValue GetValue(string path) => Find(path)!;

    public virtual string GetString(string path, string? @default = null) => Find(path)?.GetString() ?? @default!;

    public virtual bool GetBoolean(string path, bool @default = false) => Read(path, value => value.GetBoolean(), @default);

    public virtual int GetInt(string path, int @default = 0) => Read(path, value => value.GetInt(), @default);

    public virtual long GetLong(string path, long @default = 0) => Read(path, value => value.GetLong(), @default);

    public virtual double GetDouble(string path, double @default = 0) => Read(path, value => value.GetDouble(), @default);

    public virtual float GetFloat(string path, float @default = 0) => Read(path, value => value.GetFloat(), @default);

    public virtual decimal GetDecimal(string path, decimal @default = 0) => Read(path, value => value.GetDecimal(), @default);

    public virtual TimeSpan GetTimeSpan(string path, TimeSpan? @default = null, bool allowInfinite = true) =>
        Read(path, value => value.GetTimeSpan(allowInfinite), @default.GetValueOrDefault());

    public virtual long? GetByteSize(string path) => Read(path, value => value.GetByteSize(), null);

    public virtual long? GetByteSize(string path, long? def = null) => Read(path, value => value.GetByteSize(), def);

    /// <summary>The array's items as text; empty when there is none.</summary>
    public virtual IList<string> GetStringList(string path) => Find(path)?.GetStringList() ?? [];

    public virtual IList<string> GetStringList(string path, string[] defaultPaths) => Find(path)?.GetStringList() ?? defaultPaths;

    public virtual IList<int> GetIntList(string path) => Find(path)?.GetIntList() ?? [];

    public virtual IList<long> GetLongList(string path) => Find(path)?.GetLongList() ?? [];

    /// <summary>The settings below <paramref name="path"/>; empty when there are none.</summary>
    public virtual Config GetConfig(string path) => Find(path) is { } value && value.IsObject() ? new Config(value) : Empty;

    /// <summary>The top-level members.</summary>
    public virtual IEnumerable<KeyValuePair<string, HoconValue>> AsEnumerable() => Root.GetObject().Items;

    public override string ToString() => Root.ToString();

    public static implicit operator Config(string str) => ConfigurationFactory.ParseString(str);

    private static HoconValue Merged(HoconValue value, HoconValue fallback)
    {
        if (!value.IsObject() || !fallback.IsObject())
        {
            return value;
        }

        HoconObject merged = new();
        foreach ((string key, HoconValue item) in value.GetObject().Items)
        {
            merged.Items[key] = fallback.GetObject().Items.TryGetValue(key, out HoconValue? other) ? Merged(item, other) : item;
        }

        foreach ((string key, HoconValue item) in fallback.GetObject().Items)
        {
            merged.Items.TryAdd(key, item);
        }

        return new HoconValue(merged);
    }

    private T Read<T>(string path, Func<HoconValue, T> read, T absent)
    {
        if (Find(path) is not { } value)
        {
            return absent;
        }

        try
        {
            return read(value);
        }
        catch (FormatException unfit)
        {
            throw new FormatException($"{path}: {unfit.Message}", unfit);
        }
    }

    private HoconValue? Find(string path)
    {
        HoconValue? found = Root;
        foreach (string element in HoconScanner.ParsePath(path))
        {
            if (found is null || !found.IsObject())
            {
                return null;
            }

            found = found.GetObject().Items.GetValueOrDefault(element);
        }

        return found;
    }
}

public static class ConfigExtensions
{
    public static bool IsNullOrEmpty(this Config? config) => config is null || config.IsEmpty;

    /// <summary>As <c>WithFallback</c>; either may be null or empty.</summary>
    public static Config SafeWithFallback(this Config? config, Config? fallback) =>
        config.IsNullOrEmpty() ? fallback! : fallback.IsNullOrEmpty() ? config! : config!.WithFallback(fallback!);
}
