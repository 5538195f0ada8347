using System.Buffers;
using System.Buffers.Binary;
using Broker.Wire.Primitives;

namespace Broker.Wire.Unit.Primitives;

public class WireReaderTests
{
    [Theory]
    [InlineData("00", 0u)]
    [InlineData("7f", 127u)]
    [InlineData("8001", 128u)]
    [InlineData("ac02", 300u)]
    [InlineData("ffffffff0f", uint.MaxValue)]
    public void Unsigned_varint_reads_and_writes_its_encoding(string hex, uint value)
    {
        WireReader reader = Over(hex);
        Assert.Equal(value, reader.ReadUnsignedVarint());
        Assert.Equal(0, reader.Remaining);

        ArrayBufferWriter<byte> output = new();
        WireWriter writer = new(output);
        writer.WriteUnsignedVarint(value);
        writer.Commit();
        Assert.Equal(hex, Convert.ToHexStringLower(output.WrittenSpan));
        Assert.Equal(hex.Length / 2, WireSize.OfUnsignedVarint(value));
    }

    [Theory]
    [InlineData("ffffffff1f")]
    [InlineData("808080808001")]
    [InlineData("80")]
    public void Unsigned_varint_is_refused_when_it_is_too_long_or_cut_off(string hex) =>
        Assert.Throws<MalformedMessageException>(() => Over(hex).ReadUnsignedVarint());

    [Fact]
    public void Uuid_keeps_the_byte_order_of_its_text()
    {
        WireReader reader = Over("00112233445566778899aabbccddeeff");
        Assert.Equal(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), reader.ReadUuid());
    }

    [Theory]
    [InlineData("0003616263", false, "abc")]
    [InlineData("ffff", false, null)]
    [InlineData("04616263", true, "abc")]
    [InlineData("00", true, null)]
    [InlineData("01", true, "")]
    public void Nullable_string_reads_both_encodings(string hex, bool flexible, string? expected) =>
        Assert.Equal(expected, Over(hex).ReadNullableString(flexible));

    [Theory]
    [InlineData("ffff", false)]
    [InlineData("00", true)]
    public void String_is_refused_when_it_is_null(string hex, bool flexible) =>
        Assert.Throws<MalformedMessageException>(() => Over(hex).ReadString(flexible));

    [Theory]
    [InlineData("7fff61", false)]
    [InlineData("fffe61", false)]
    [InlineData("ffffffff0f61", true)]
    public void String_is_refused_when_its_length_is_impossible(string hex, bool flexible)
    {
        MalformedMessageException problem = Assert.Throws<MalformedMessageException>(() => Over(hex).ReadNullableString(flexible));
        Assert.Contains("impossible", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7fffffff", false)]
    [InlineData("fffffffe", false)]
    [InlineData("ffffffff07", true)]
    public void Array_is_refused_before_a_list_is_made_when_so_many_elements_cannot_be_there(string hex, bool flexible)
    {
        ReadOnlySequence<byte> bytes = new(Convert.FromHexString(hex + "0000"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<MalformedMessageException>(() => new WireReader(bytes).ReadInt32Array(flexible));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
    }

    [Fact]
    public void Records_are_a_slice_of_the_input()
    {
        byte[] input = Convert.FromHexString("00000003010203ff");
        WireReader reader = new(input);
        ReadOnlySequence<byte> records = reader.ReadRecords(flexible: false);
        input[4] = 9;
        Assert.Equal([9, 2, 3], records.ToArray());
        Assert.Equal(1, reader.Remaining);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Values_read_the_same_when_they_straddle_segments(int segmentBytes)
    {
        ArrayBufferWriter<byte> output = new();
        WireWriter writer = new(output);
        writer.WriteInt64(-2);
        writer.WriteString("straddling", flexible: true);
        writer.WriteUuid(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"));
        writer.WriteRecords(new ReadOnlySequence<byte>(new byte[] { 1, 2, 3, 4, 5 }), flexible: true);
        writer.WriteFloat64(0.5);
        writer.Commit();

        WireReader reader = new(Sequences.Cut(output.WrittenMemory, segmentBytes));
        Assert.Equal(-2, reader.ReadInt64());
        Assert.Equal("straddling", reader.ReadString(flexible: true));
        Assert.Equal(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"), reader.ReadUuid());
        Assert.Equal([1, 2, 3, 4, 5], reader.ReadRecords(flexible: true).ToArray());
        Assert.Equal(0.5, reader.ReadFloat64());
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Tagged_field_is_refused_when_its_value_is_shorter_than_announced()
    {
        Assert.Throws<MalformedMessageException>(() =>
        {
            WireReader reader = Over("000200010203");
            reader.BeginTaggedField(out long end);
            reader.ReadInt8();
            reader.EndTaggedField(end);
        });
    }

    /// <summary>40 MB of empty names would be gigabytes of objects.</summary>
    [Fact]
    public void Message_of_more_elements_than_a_cluster_has_partitions_is_refused_before_they_are_made()
    {
        const int Count = WireReader.MaxElements + 1;
        byte[] body = new byte[sizeof(int) + (2 * Count)];
        BinaryPrimitives.WriteInt32BigEndian(body, Count);
        long before = GC.GetAllocatedBytesForCurrentThread();
        MalformedMessageException refused = Assert.Throws<MalformedMessageException>(() => new WireReader(body).ReadStringArray(flexible: false));
        Assert.Contains($"{Count} elements", refused.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Elements_of_all_arrays_of_a_message_count_together()
    {
        byte[] body = new byte[2 * (sizeof(int) + WireReader.MaxElements)];
        BinaryPrimitives.WriteInt32BigEndian(body, WireReader.MaxElements);
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(sizeof(int) + WireReader.MaxElements), 1);
        Assert.Throws<MalformedMessageException>(() =>
        {
            WireReader reader = new(body);
            Assert.Equal(WireReader.MaxElements, reader.ReadInt8Array(flexible: false).Count);
            reader.ReadInt8Array(flexible: false);
        });
    }

    private static WireReader Over(string hex) => new(Convert.FromHexString(hex));
}
