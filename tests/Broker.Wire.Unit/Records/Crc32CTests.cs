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
