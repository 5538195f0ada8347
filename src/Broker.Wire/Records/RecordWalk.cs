namespace Broker.Wire.Records;

/// <summary>
/// Walks the records of a batch that is not compressed, to see that they are what its header states. Every producer's
/// record passes here, so it decodes lengths only, allocates nothing, and makes nothing of what it reads.
/// </summary>
internal static class RecordWalk
{
    /// <summary>What a length of -1 means: null.</summary>
    private const int NullLength = -1;

    // The most bytes of a number of 32 bits; its last byte holds the upper four.
    private const int MaxVarintBytes = 5;
    private const byte MaxLastByte = 0x0F;

    /// <summary>
    /// Whether <paramref name="records"/> are exactly <paramref name="count"/> whole records whose offset deltas are 0, 1, 2
    /// and so on. What passes, <see cref="RecordReader"/> reads.
    /// </summary>
    public static bool IsWhole(ReadOnlySpan<byte> records, int count)
    {
        int position = 0;
        for (int index = 0; index < count; index++)
        {
            if (!TryReadVarint(records, ref position, out int length) || (uint)length > (uint)(records.Length - position))
            {
                return false;
            }

            if (!IsRecord(records.Slice(position, length), index))
            {
                return false;
            }

            position += length;
        }

        return position == records.Length;
    }

    private static bool IsRecord(ReadOnlySpan<byte> record, int index)
    {
        // The attributes: one byte without a meaning yet.
        int position = 1;
        return TrySkipVarlong(record, ref position)
            && TryReadVarint(record, ref position, out int offsetDelta) && offsetDelta == index
            && TrySkipNullable(record, ref position)
            && TrySkipNullable(record, ref position)
            && TryReadVarint(record, ref position, out int headers) && (headers == 0 || AreHeaders(record, ref position, headers))
            && position == record.Length;
    }

    private static bool AreHeaders(ReadOnlySpan<byte> record, ref int position, int count)
    {
        // Each takes two bytes at least, so that a lie about their number ends the walk within the record.
        for (int i = 0; i < count; i++)
        {
            if (!TryReadVarint(record, ref position, out int keyLength) || !TrySkip(record, ref position, keyLength) || !TrySkipNullable(record, ref position))
            {
                return false;
            }
        }

        return count > 0;
    }

    private static bool TrySkipNullable(ReadOnlySpan<byte> record, ref int position) =>
        TryReadVarint(record, ref position, out int length) && (length == NullLength || TrySkip(record, ref position, length));

    private static bool TrySkip(ReadOnlySpan<byte> record, ref int position, int length)
    {
        if ((uint)length > (uint)(record.Length - position))
        {
            return false;
        }

        position += length;
        return true;
    }

    // Nearly all numbers of a record take one byte, or two: those are decoded without a loop.
    private static bool TryReadVarint(ReadOnlySpan<byte> source, ref int position, out int value)
    {
        int at = position;
        if ((uint)at >= (uint)source.Length)
        {
            value = 0;
            return false;
        }

        uint raw = source[at++];
        if (raw >= 0x80)
        {
            if ((uint)at < (uint)source.Length && source[at] < 0x80)
            {
                raw = (raw & 0x7F) | ((uint)source[at++] << 7);
            }
            else
            {
                return TryReadLong(source, ref position, out value);
            }
        }

        position = at;
        value = (int)(raw >> 1) ^ -(int)(raw & 1);
        return true;
    }

    private static bool TryReadLong(ReadOnlySpan<byte> source, ref int position, out int value)
    {
        uint raw = 0;
        for (int i = 0; i < MaxVarintBytes && position < source.Length; i++)
        {
            byte next = source[position++];
            if (i == MaxVarintBytes - 1 && next > MaxLastByte)
            {
                break;
            }

            raw |= (uint)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                value = (int)(raw >> 1) ^ -(int)(raw & 1);
                return true;
            }
        }

        value = 0;
        return false;
    }

    private static bool TrySkipVarlong(ReadOnlySpan<byte> source, ref int position)
    {
        for (int i = 0; i < Varint.MaxBytes && (uint)position < (uint)source.Length; i++)
        {
            byte next = source[position++];
            if (next < 0x80)
            {
                // The tenth byte has the one bit that is left of 64.
                return i < Varint.MaxBytes - 1 || next <= 1;
            }
        }

        return false;
    }
}
