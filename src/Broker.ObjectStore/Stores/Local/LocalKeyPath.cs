using System.Globalization;
using System.Text;

namespace Broker.ObjectStore.Local;

/// <summary>
/// Maps keys to paths, one to one. A segment becomes a folder "x.d", the last one a file "x.o", so that the keys "a" and "a/b" can
/// both exist. Bytes other than a-z, 0-9, '-', '_', '=' and '.' are written "%hh": names stay within what any file system
/// keeps, letter case included. A segment of <see cref="PieceBytes"/> or more is cut into folders "piece.c", since a file name has at most 255
/// bytes; because every such segment is cut, all keys that begin with a piece lie in its folder and nowhere else, which keeps
/// listings in order.
/// </summary>
internal static class LocalKeyPath
{
    /// <summary>The most bytes of a segment that one name holds: 3 × 80 + 2 &lt;= 255.</summary>
    internal const int PieceBytes = 80;

    internal const string ObjectSuffix = ".o";
    internal const string FolderSuffix = ".d";
    internal const string PieceSuffix = ".c";

    /// <summary>The path of a key's file, relative to the objects folder.</summary>
    internal static string ToPath(ObjectKey key)
    {
        StringBuilder path = new();
        string[] segments = key.Value.Split('/');
        for (int i = 0; i < segments.Length; i++)
        {
            ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(segments[i]);
            while (bytes.Length >= PieceBytes)
            {
                AppendEncoded(path, bytes[..PieceBytes]);
                path.Append(PieceSuffix).Append('/');
                bytes = bytes[PieceBytes..];
            }

            AppendEncoded(path, bytes);
            path.Append(i == segments.Length - 1 ? ObjectSuffix : FolderSuffix + "/");
        }

        return path.ToString();
    }

    /// <summary>The bytes that a name without its suffix stands for, or null when this store did not make it.</summary>
    internal static byte[]? Decode(ReadOnlySpan<char> name)
    {
        List<byte> bytes = new(name.Length);
        for (int i = 0; i < name.Length; i++)
        {
            if (name[i] != '%')
            {
                if (!IsPlain(name[i]))
                {
                    return null;
                }

                bytes.Add((byte)name[i]);
                continue;
            }

            if (i + 2 >= name.Length
                || !byte.TryParse(name.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                return null;
            }

            bytes.Add(value);
            i += 2;
        }

        return [.. bytes];
    }

    private static void AppendEncoded(StringBuilder path, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (IsPlain((char)value))
            {
                path.Append((char)value);
            }
            else
            {
                path.Append('%').Append(value.ToString("x2", CultureInfo.InvariantCulture));
            }
        }
    }

    private static bool IsPlain(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_' or '=' or '.';
}
