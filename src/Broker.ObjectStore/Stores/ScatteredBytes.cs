namespace Broker.ObjectStore;

/// <summary>Several pieces of a caller's memory that one read fills, one behind the other.</summary>
internal static class ScatteredBytes
{
    /// <summary>The pieces as far as their first <paramref name="length"/> bytes.</summary>
    public static IReadOnlyList<Memory<byte>> Cut(IReadOnlyList<Memory<byte>> pieces, long length)
    {
        List<Memory<byte>> cut = new(pieces.Count);
        for (int i = 0; i < pieces.Count && length > 0; i++)
        {
            cut.Add(pieces[i][..(int)Math.Min(pieces[i].Length, length)]);
            length -= cut[^1].Length;
        }

        return cut;
    }

    /// <summary>The pieces behind their first <paramref name="length"/> bytes.</summary>
    public static IReadOnlyList<Memory<byte>> Skip(IReadOnlyList<Memory<byte>> pieces, long length)
    {
        List<Memory<byte>> left = new(pieces.Count);
        foreach (Memory<byte> piece in pieces)
        {
            int skipped = (int)Math.Min(piece.Length, length);
            length -= skipped;
            if (skipped < piece.Length)
            {
                left.Add(piece[skipped..]);
            }
        }

        return left;
    }

    /// <summary>The CRC32C of all bytes.</summary>
    public static uint Checksum(IReadOnlyList<Memory<byte>> pieces)
    {
        uint crc = 0;
        foreach (Memory<byte> piece in pieces)
        {
            crc = Crc32C.Append(crc, piece.Span);
        }

        return crc;
    }
}
