using System.Buffers.Binary;

namespace Broker.Wire.Property;

/// <summary>Damages bytes the way that finds parsers' faults: lengths, boundaries, cuts and repeats.</summary>
internal static class Mutation
{
    private static readonly byte[] Boundaries = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF];
    private static readonly int[] Lengths = [int.MaxValue, int.MinValue, -1, -2, 0x7FFF, 0x10000, 1 << 24];

    public static byte[] Apply(Random random, byte[] original)
    {
        byte[] bytes = [.. original];
        for (int count = random.Next(1, 4); count > 0 && bytes.Length > 0; count--)
        {
            bytes = ApplyOne(random, bytes);
        }

        return bytes;
    }

    private static byte[] ApplyOne(Random random, byte[] bytes)
    {
        int at = random.Next(bytes.Length);
        switch (random.Next(7))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = Boundaries[random.Next(Boundaries.Length)];
                return bytes;
            case 2:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 3 when at + sizeof(int) <= bytes.Length:
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), Lengths[random.Next(Lengths.Length)]);
                return bytes;
            case 4:
                return bytes[..at];
            case 5:
                int length = random.Next(1, 16);
                byte[] inserted = new byte[length];
                random.NextBytes(inserted);
                return [.. bytes[..at], .. inserted, .. bytes[at..]];
            default:
                int end = Math.Min(bytes.Length, at + random.Next(1, 16));
                return [.. bytes[..at], .. bytes[end..]];
        }
    }
}
