using System.Buffers;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;

namespace Broker.Wire.Unit.Frames;

public class FrameTests
{
    [Fact]
    public void TryReadFrame_waits_until_the_last_byte_is_there()
    {
        byte[] stream = Convert.FromHexString("00000003aabbcc" + "00000000" + "00");
        for (int length = 0; length < 7; length++)
        {
            ReadOnlySequence<byte> partial = new(stream.AsMemory(0, length));
            Assert.False(FrameReader.TryReadFrame(ref partial, 100, out _));
            Assert.Equal(length, partial.Length);
        }

        ReadOnlySequence<byte> buffer = Sequences.Cut(stream, 2);
        Assert.True(FrameReader.TryReadFrame(ref buffer, 100, out ReadOnlySequence<byte> first));
        Assert.Equal([0xAA, 0xBB, 0xCC], first.ToArray());
        Assert.True(FrameReader.TryReadFrame(ref buffer, 100, out ReadOnlySequence<byte> empty));
        Assert.Equal(0, empty.Length);
        Assert.False(FrameReader.TryReadFrame(ref buffer, 100, out _));
        Assert.Equal(1, buffer.Length);
    }

    [Fact]
    public void TryReadFrame_refuses_a_size_over_the_limit_before_the_body_is_there()
    {
        ReadOnlySequence<byte> buffer = new(Convert.FromHexString("00000065"));
        FrameTooLargeException problem = Assert.Throws<FrameTooLargeException>(() => FrameReader.TryReadFrame(ref buffer, 100, out _));
        Assert.Equal((101, 100), (problem.FrameBytes, problem.MaxFrameBytes));
    }

    [Fact]
    public void TryReadFrame_refuses_a_negative_size()
    {
        ReadOnlySequence<byte> buffer = new(Convert.FromHexString("ffffffff"));
        Assert.Throws<MalformedMessageException>(() => FrameReader.TryReadFrame(ref buffer, 100, out _));
    }

    [Fact]
    public void Response_frame_announces_and_takes_the_size_that_GetSize_tells()
    {
        MetadataResponse response = new() { ClusterId = "cluster", ControllerId = 1 };
        response.Brokers.Add(new MetadataResponse.MetadataResponseBroker { NodeId = 1, Host = "localhost", Port = 9092 });
        for (short version = MetadataResponse.LowestVersion; version <= MetadataResponse.HighestVersion; version++)
        {
            ChunkedOutput output = new();
            ResponseFrame.Write(output, 17, response, version);
            byte[] frame = output.ToArray();
            Assert.Equal(frame.Length, ResponseFrame.GetSize(new ResponseHeader { CorrelationId = 17 }, response, version));

            WireReader reader = new(frame);
            Assert.Equal(frame.Length - 4, reader.ReadInt32());
            ResponseHeader header = ResponseHeader.Read(ref reader, ApiCatalog.ResponseHeaderVersion(ApiKey.Metadata, version));
            Assert.Equal(17, header.CorrelationId);
            MetadataResponse read = Assert.IsType<MetadataResponse>(ResponseDecoder.Decode(ApiKey.Metadata, version, ref reader));
            Assert.Equal("localhost", read.Brokers[0].Host);
            Assert.Equal(0, reader.Remaining);
        }
    }

    [Fact]
    public void Nothing_is_written_when_a_message_cannot_be()
    {
        ArrayBufferWriter<byte> output = new();
        MetadataRequest request = new() { Topics = null };
        Assert.Throws<UnsupportedFieldException>(() => RequestFrame.Write(output, 1, "client", request, 0));
        Assert.Equal(0, output.WrittenCount);
    }
}
