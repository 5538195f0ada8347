using System.Reflection;

namespace Broker.Wire.Unit.Golden;

/// <summary>Bytes that others produced.</summary>
internal static class GoldenData
{
    /// <summary>A record batch by its name in batches.txt.</summary>
    public static byte[] Batch(string name) =>
        Convert.FromHexString(Lines("batches.txt").Select(line => line.Split(' ')).Single(parts => parts[0] == name)[1]);

    /// <summary>All captured exchanges.</summary>
    public static IEnumerable<(ApiKey Api, short Version, byte[] Request, byte[] Response)> Exchanges() =>
        from line in Lines("frames.txt")
        let parts = line.Split(' ')
        select ((ApiKey)short.Parse(parts[0]), short.Parse(parts[1]), Convert.FromHexString(parts[2]), Convert.FromHexString(parts[3]));

    private static string[] Lines(string file)
    {
        Assembly assembly = typeof(GoldenData).Assembly;
        string resource = assembly.GetManifestResourceNames().Single(name => name.EndsWith("Golden." + file, StringComparison.Ordinal));
        using StreamReader reader = new(assembly.GetManifestResourceStream(resource)!);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#'))];
    }
}
