using System.Globalization;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The names of the files in a disk WAL's folder. The name says what a file is; it changes by rename alone, and so in one step.
/// </summary>
internal static class SegmentNames
{
    public const string Lock = "lock";

    /// <summary>Which log the folder holds; see <see cref="WalIdentity"/>.</summary>
    public const string Identity = "identity";

    public const string UnfinishedIdentity = Identity + UnfinishedExtension;

    /// <summary>Which cluster the log belongs to; see <see cref="WalClusterNote"/>.</summary>
    public const string Cluster = "cluster";

    public const string UnfinishedCluster = Cluster + UnfinishedExtension;

    private const string Extension = ".wal";
    private const string SparePrefix = "spare-";
    private const string UnfinishedExtension = ".tmp";

    /// <summary>A segment with records, by its sequence number.</summary>
    public static string Live(long sequence) => Number(sequence) + Extension;

    /// <summary>A file of full length, all blocks written, whose contents mean nothing.</summary>
    public static string Spare(long number) => SparePrefix + Number(number) + Extension;

    /// <summary>A spare that is not yet written to its full length. Deleted at start.</summary>
    public static string Unfinished(long number) => Number(number) + UnfinishedExtension;

    public static bool IsUnfinished(string name) => name.EndsWith(UnfinishedExtension, StringComparison.Ordinal);

    public static bool TryParseLive(string name, out long sequence) => TryParse(name, "", out sequence);

    public static bool TryParseSpare(string name, out long number) => TryParse(name, SparePrefix, out number);

    private static string Number(long value) => value.ToString("x16", CultureInfo.InvariantCulture);

    private static bool TryParse(string name, string prefix, out long number)
    {
        number = 0;
        return name.Length == prefix.Length + 16 + Extension.Length
            && name.StartsWith(prefix, StringComparison.Ordinal)
            && name.EndsWith(Extension, StringComparison.Ordinal)
            && long.TryParse(
                name.AsSpan(prefix.Length, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            && number >= 0;
    }
}
