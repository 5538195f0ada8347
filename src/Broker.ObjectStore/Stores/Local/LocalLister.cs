using System.Text;

namespace Broker.ObjectStore.Local;

/// <summary>
/// Walks the objects folder in the order of the keys' bytes. Holds the names of one folder per level, never the whole tree, and
/// enters only folders that can hold a wanted key.
/// </summary>
internal sealed class LocalLister(string objectsFolder, string prefix, string? startAfter)
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix);
    private readonly byte[] _startAfter = startAfter is null ? [] : Encoding.UTF8.GetBytes(startAfter);

    /// <summary>The wanted keys and their files, in order.</summary>
    internal IEnumerable<(ObjectKey Key, string Path)> Walk() => Walk(objectsFolder, []);

    private IEnumerable<(ObjectKey Key, string Path)> Walk(string folder, byte[] keyBytes)
    {
        foreach (Entry entry in Entries(folder, keyBytes))
        {
            if (!entry.IsObject)
            {
                foreach ((ObjectKey, string) found in Walk(entry.Path, entry.KeyBytes))
                {
                    yield return found;
                }
            }
            else if (ObjectKey.IsValid(Encoding.UTF8.GetString(entry.KeyBytes)))
            {
                yield return (new ObjectKey(Encoding.UTF8.GetString(entry.KeyBytes)), entry.Path);
            }
        }
    }

    private List<Entry> Entries(string folder, byte[] keyBytes)
    {
        List<Entry> entries = [];
        DirectoryInfo info = new(folder);
        if (!info.Exists)
        {
            return entries;
        }

        foreach (FileSystemInfo child in info.EnumerateFileSystemInfos())
        {
            Entry? entry = ToEntry(child, keyBytes);
            if (entry is not null && IsWanted(entry))
            {
                entries.Add(entry);
            }
        }

        entries.Sort(static (left, right) => left.KeyBytes.AsSpan().SequenceCompareTo(right.KeyBytes));
        return entries;
    }

    private static Entry? ToEntry(FileSystemInfo child, byte[] keyBytes)
    {
        bool isFolder = child is DirectoryInfo;
        string name = child.Name;
        bool isObject = !isFolder && name.EndsWith(LocalKeyPath.ObjectSuffix, StringComparison.Ordinal);
        bool isSegment = isFolder && name.EndsWith(LocalKeyPath.FolderSuffix, StringComparison.Ordinal);
        bool isPiece = isFolder && name.EndsWith(LocalKeyPath.PieceSuffix, StringComparison.Ordinal);
        if (!isObject && !isSegment && !isPiece)
        {
            return null;
        }

        byte[]? segment = LocalKeyPath.Decode(name.AsSpan(0, name.Length - LocalKeyPath.ObjectSuffix.Length));
        if (segment is null)
        {
            return null;
        }

        byte[] bytes = isSegment ? [.. keyBytes, .. segment, (byte)'/'] : [.. keyBytes, .. segment];
        return new Entry(bytes, child.FullName, isObject);
    }

    private bool IsWanted(Entry entry)
    {
        ReadOnlySpan<byte> key = entry.KeyBytes;
        if (entry.IsObject)
        {
            return key.StartsWith(_prefix) && (startAfter is null || key.SequenceCompareTo(_startAfter) > 0);
        }

        // All keys of a folder begin with its bytes: they can be wanted if these agree with the prefix as far as both go, and if
        // they are not wholly before the start.
        int common = Math.Min(key.Length, _prefix.Length);
        return key[..common].SequenceEqual(_prefix.AsSpan(0, common))
            && (startAfter is null || key.SequenceCompareTo(_startAfter) > 0 || _startAfter.AsSpan().StartsWith(key));
    }

    private sealed record Entry(byte[] KeyBytes, string Path, bool IsObject);
}
