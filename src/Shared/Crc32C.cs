using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Broker.Shared;

/// <summary>
/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) with the processor's instruction, 8 bytes at a time. The instruction has
/// three times the latency of its throughput, so long inputs are computed as three streams that are joined afterwards.
/// Check value: the CRC of the ASCII digits "123456789" is 0xE3069283.
/// <para>One source for the two layers that know nothing of each other (Broker.Wire and Broker.ObjectStore): a file linked into both.</para>
/// </summary>
internal static class Crc32C
{
    /// <summary>Bytes of one of the three streams: long enough to pay for the join, short enough for common batches.</summary>
    private const int StreamBytes = 1024;

    private const int BlockBytes = 3 * StreamBytes;

    /// <summary>Below this many bytes, reading them is quicker than the arithmetic of <see cref="Combine"/>.</summary>
    private const int CombineFromBytes = 4096;

    /// <summary>The polynomial, bits reversed: the highest bit is the coefficient of x^0.</summary>
    private const uint Polynomial = 0x82F63B78;

    private const uint One = 1u << 31;

    /// <summary>x^(2^k) modulo the polynomial.</summary>
    private static readonly uint[] PowersOfTwo = BuildPowersOfTwo();

    private static readonly uint[] ShiftOne = BuildShift(StreamBytes);
    private static readonly uint[] ShiftTwo = BuildShift(2 * StreamBytes);

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>The checksum of what <paramref name="crc"/> is the checksum of, followed by <paramref name="data"/>; 0 to begin.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        uint state = ~crc;
        while (data.Length >= BlockBytes)
        {
            state = UpdateBlock(state, data[..BlockBytes]);
            data = data[BlockBytes..];
        }

        return ~Update(state, data);
    }

    /// <inheritdoc cref="Append(uint, ReadOnlySpan{byte})"/>
    public static uint Append(uint crc, in ReadOnlySequence<byte> data)
    {
        foreach (ReadOnlyMemory<byte> segment in data)
        {
            crc = Append(crc, segment.Span);
        }

        return crc;
    }

    /// <summary>
    /// As <see cref="Append(uint, ReadOnlySpan{byte})"/>, for data whose own checksum is known: large data is not read. If its bytes have changed
    /// since, the result is of those that they were, so whoever checks it finds the damage.
    /// </summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> data, uint dataCrc) =>
        data.Length < CombineFromBytes ? Append(crc, data) : Combine(crc, dataCrc, data.Length);

    /// <summary>The checksum of two pieces, one behind the other, from theirs.</summary>
    public static uint Combine(uint first, uint second, long secondBytes)
    {
        // Zero bytes behind the first piece multiply it by x^8 each; the second piece is then added.
        uint shift = One;
        int power = 3;
        for (long rest = secondBytes; rest > 0; rest >>= 1, power++)
        {
            if ((rest & 1) != 0)
            {
                shift = Multiply(PowersOfTwo[power], shift);
            }
        }

        return Multiply(shift, first) ^ second;
    }

    /// <summary>The product of two polynomials modulo the polynomial.</summary>
    private static uint Multiply(uint left, uint right)
    {
        uint product = 0;
        for (uint bit = One; bit != 0; bit >>= 1)
        {
            product ^= (left & bit) != 0 ? right : 0;
            right = (right >> 1) ^ ((right & 1) != 0 ? Polynomial : 0);
        }

        return product;
    }

    private static uint[] BuildPowersOfTwo()
    {
        // One for each bit of a length in bits.
        uint[] powers = new uint[64 + 3];
        powers[0] = One >> 1;
        for (int i = 1; i < powers.Length; i++)
        {
            powers[i] = Multiply(powers[i - 1], powers[i - 1]);
        }

        return powers;
    }

    private static uint UpdateBlock(uint state, ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(block);
        const int StreamWords = StreamBytes / sizeof(ulong);
        ReadOnlySpan<ulong> first = words[..StreamWords];
        ReadOnlySpan<ulong> second = words.Slice(StreamWords, StreamWords);
        ReadOnlySpan<ulong> third = words.Slice(2 * StreamWords, StreamWords);
        uint secondState = 0;
        uint thirdState = 0;
        for (int i = 0; i < first.Length; i++)
        {
            state = BitOperations.Crc32C(state, LittleEndian(first[i]));
            secondState = BitOperations.Crc32C(secondState, LittleEndian(second[i]));
            thirdState = BitOperations.Crc32C(thirdState, LittleEndian(third[i]));
        }

        return Shift(ShiftTwo, state) ^ Shift(ShiftOne, secondState) ^ thirdState;
    }

    private static uint Update(uint state, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (ulong word in words)
        {
            state = BitOperations.Crc32C(state, LittleEndian(word));
        }

        foreach (byte last in data[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, last);
        }

        return state;
    }

    // The checksum takes bytes in the order of memory.
    private static ulong LittleEndian(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);

    /// <summary>What <paramref name="state"/> becomes by as many zero bytes as the table was built for.</summary>
    private static uint Shift(uint[] table, uint state) =>
        table[state & 0xFF]
        ^ table[256 + ((state >> 8) & 0xFF)]
        ^ table[512 + ((state >> 16) & 0xFF)]
        ^ table[768 + (state >> 24)];

    /// <summary>The effect of zero bytes is linear in the state, so that of each of its four bytes can be looked up.</summary>
    private static uint[] BuildShift(int zeroBytes)
    {
        byte[] zeros = new byte[zeroBytes];
        uint[] table = new uint[4 * 256];
        for (int part = 0; part < 4; part++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                table[(part * 256) + (1 << bit)] = Update(1u << ((part * 8) + bit), zeros);
            }

            for (int value = 1; value < 256; value++)
            {
                int lowest = value & -value;
                table[(part * 256) + value] = table[(part * 256) + lowest] ^ table[(part * 256) + (value ^ lowest)];
            }
        }

        return table;
    }
}
