using System.Buffers;
using Broker.Wire.Primitives;

namespace Broker.Wire.Unit.Primitives;

public class WireWriterTests
{
    [Fact]
    public void Output_is_the_same_when_memory_comes_in_small_chunks()
    {
        ArrayBufferWriter<byte> whole = new();
        ChunkedOutput chunked = new();
        foreach (IBufferWriter<byte> output in new IBufferWriter<byte>[] { whole, chunked })
        {
            WireWriter writer = new(output);
            writer.WriteInt16(-1);
            writer.WriteUInt16(65535);
            writer.WriteInt64(long.MinValue);
            writer.WriteString("a string that is longer than a chunk", flexible: false);
            writer.WriteBytes([1, 2, 3, 4, 5, 6, 7, 8, 9], flexible: true);
            writer.WriteRecords(Sequences.Cut(new byte[100], 7), flexible: false);
            writer.WriteInt32Array([1, -2, 3], flexible: true);
            Assert.Equal(2 + 2 + 8 + 38 + 10 + 104 + 13, writer.Written);
            writer.Commit();
        }

        Assert.Equal(whole.WrittenSpan.ToArray(), chunked.ToArray());
    }

    [Fact]
    public void Classic_string_is_refused_when_16_bits_cannot_tell_its_length()
    {
        string tooLong = new('x', short.MaxValue + 1);
        Assert.Throws<MalformedMessageException>(() => WireSize.OfString(tooLong, flexible: false));
        Assert.Throws<MalformedMessageException>(() => new WireWriter(new ArrayBufferWriter<byte>()).WriteString(tooLong, flexible: false));
        Assert.Equal(short.MaxValue + 1 + 3, WireSize.OfString(tooLong, flexible: true));
    }

    [Fact]
    public void Unknown_tagged_fields_keep_their_place_among_known_ones()
    {
        List<RawTaggedField> unknown = [new(1, [0xAA]), new(5, [])];
        ArrayBufferWriter<byte> output = new();
        WireWriter writer = new(output);
        writer.WriteTaggedFieldCount(1, unknown);
        int next = writer.WriteUnknownTaggedFields(unknown, 0, below: 2);
        writer.WriteTag(2, 1);
        writer.WriteInt8(7);
        writer.WriteUnknownTaggedFields(unknown, next, below: null);
        writer.Commit();
        Assert.Equal("03" + "0101aa" + "020107" + "0500", Convert.ToHexStringLower(output.WrittenSpan));
    }
}
