using System.Text;
using Broker.Wire.Records;

namespace Broker.Wire.Unit.Records;

public class Crc32CTests
{
    [Fact]
    public void Known_inputs_have_their_published_checksums()
    {
        Assert.Equal(0u, Crc32C.Compute([]));
        Assert.Equal(0xE3069283, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute(Enumerable.Range(0, 32).Select(value => (byte)value).ToArray()));
    }

    [Fact]
    public void Every_length_agrees_with_the_definition_bit_by_bit()
    {
        byte[] data = new byte[10_000];
        new Random(1).NextBytes(data);
        uint state = uint.MaxValue;
        for (int length = 1; length <= data.Length; length++)
        {
            state ^= data[length - 1];
            for (int bit = 0; bit < 8; bit++)
            {
                state = (state & 1) == 0 ? state >> 1 : (state >> 1) ^ 0x82F63B78;
            }

            Assert.Equal(~state, Crc32C.Compute(data.AsSpan(0, length)));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4096)]
    [InlineData(100_001)]
    [InlineData(1 << 20)]
    public void Piece_of_known_checksum_is_added_as_if_it_were_read(int bytes)
    {
        byte[] data = new byte[777 + bytes];
        new Random(3).NextBytes(data);
        uint first = Crc32C.Compute(data.AsSpan(0, 777));
        uint second = Crc32C.Compute(data.AsSpan(777));
        Assert.Equal(Crc32C.Compute(data), Broker.Shared.Crc32C.Combine(first, second, bytes));
        Assert.Equal(Crc32C.Compute(data), Broker.Shared.Crc32C.Append(first, data.AsSpan(777), second));
    }

    /// <summary>The length itself is all that counts of what lies far behind: 2^40 zero bytes, in steps.</summary>
    [Fact]
    public void Combining_agrees_with_itself_for_lengths_that_no_memory_holds()
    {
        uint crc = Crc32C.Compute("123456789"u8);
        uint zeros = 0;
        uint inSteps = crc;
        for (int i = 0; i < 1024; i++)
        {
            inSteps = Broker.Shared.Crc32C.Combine(inSteps, zeros, 1L << 30);
        }

        Assert.Equal(Broker.Shared.Crc32C.Combine(crc, zeros, 1L << 40), inSteps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(4096)]
    public void Sequence_of_segments_has_the_checksum_of_the_whole(int segmentBytes)
    {
        byte[] data = new byte[20_000];
        new Random(2).NextBytes(data);
        Assert.Equal(Crc32C.Compute(data), Crc32C.Compute(Sequences.Cut(data, segmentBytes)));
        Assert.Equal(Crc32C.Compute(data), Crc32C.Append(Crc32C.Compute(data.AsSpan(0, 777)), data.AsSpan(777)));
    }
}
