using System.Numerics;

namespace Broker.Wire.Records;

/// <summary>Signed variable-length numbers as records have them: zigzag, then 7 bits a byte, least significant first.</summary>
internal static class Varint
{
    /// <summary>The most bytes that a number of 64 bits takes.</summary>
    public const int MaxBytes = 10;

    public static int SizeOf(long value) => (BitOperations.Log2(ZigZag(value) | 1) / 7) + 1;

    /// <summary>Writes <paramref name="value"/> and returns how many bytes it took.</summary>
    public static int Write(Span<byte> target, long value)
    {
        ulong rest = ZigZag(value);
        int count = 0;
        while (rest >= 0x80)
        {
            target[count++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        target[count++] = (byte)rest;
        return count;
    }

    /// <summary>Reads a number and how many bytes it took; false when it is cut off or longer than 64 bits.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out long value, out int count)
    {
        ulong raw = 0;
        value = 0;
        for (count = 0; count < source.Length && count < MaxBytes;)
        {
            byte next = source[count];
            if (count == MaxBytes - 1 && next > 1)
            {
                return false;
            }

            raw |= (ulong)(next & 0x7F) << (7 * count);
            count++;
            if (next < 0x80)
            {
                value = (long)(raw >> 1) ^ -(long)(raw & 1);
                return true;
            }
        }

        return false;
    }

    private static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));
}
