using System.Buffers;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;
using Broker.Wire.Records;
using Broker.Wire.Unit.Golden;

namespace Broker.Wire.Unit.Messages;

public class GoldenFrameTests
{
    public static TheoryData<int> Indexes => [.. Enumerable.Range(0, GoldenData.Exchanges().Count())];

    [Theory]
    [MemberData(nameof(Indexes))]
    public void Captured_exchange_reads_and_writes_back_to_the_same_bytes(int index)
    {
        (ApiKey api, short version, byte[] request, byte[] response) = GoldenData.Exchanges().ElementAt(index);
        WireReader reader = new(request);
        Assert.Equal(request.Length - 4, reader.ReadInt32());
        RequestHeader header = RequestHeaderReader.Read(ref reader);
        Assert.Equal((api, version, 77, "cap1"), ((ApiKey)header.RequestApiKey, header.RequestApiVersion, header.CorrelationId, header.ClientId));
        ApiCatalog.TryGet(api, out ApiVersionRange versions);
        short answered = version;
        if (versions.Contains(version))
        {
            IKafkaRequest body = RequestDecoder.Decode(api, version, ref reader);
            Assert.Equal(0, reader.Remaining);
            ArrayBufferWriter<byte> output = new();
            RequestFrame.Write(output, header.CorrelationId, header.ClientId, body, version);
            Assert.Equal(Convert.ToHexStringLower(request), Convert.ToHexStringLower(output.WrittenSpan));
        }
        else
        {
            // Kafka answers an unknown version of ApiVersions in the form of version 0.
            answered = 0;
        }

        AssertResponse(api, answered, response);
    }

    [Fact]
    public void Fetched_records_of_a_captured_response_are_those_that_were_produced()
    {
        (_, short version, _, byte[] frame) = GoldenData.Exchanges().First(exchange => exchange.Api == ApiKey.Fetch);
        WireReader reader = new(frame.AsMemory(8));
        FetchResponse response = FetchResponse.Read(ref reader, version);
        FetchResponse.PartitionData partition = Assert.Single(Assert.Single(response.Responses).Partitions);
        Assert.Equal((short)ErrorCode.None, partition.ErrorCode);
        byte[] records = partition.Records!.Value.ToArray();
        Assert.Equal(BatchError.None, RecordBatchValidator.ValidateFromProducer(records));
        byte[] produced = GoldenData.Batch("big-zstd");
        Assert.Equal(produced[RecordBatchView.HeaderBytes..], records[RecordBatchView.HeaderBytes..]);
    }

    private static void AssertResponse(ApiKey api, short version, byte[] frame)
    {
        WireReader reader = new(Sequences.Cut(frame, 5));
        Assert.Equal(frame.Length - 4, reader.ReadInt32());
        ResponseHeader header = ResponseHeader.Read(ref reader, ApiCatalog.ResponseHeaderVersion(api, version));
        IKafkaResponse body = ResponseDecoder.Decode(api, version, ref reader);
        Assert.Equal(77, header.CorrelationId);
        Assert.Equal(0, reader.Remaining);
        ArrayBufferWriter<byte> output = new();
        ResponseFrame.Write(output, header.CorrelationId, body, version);
        Assert.Equal(Convert.ToHexStringLower(frame), Convert.ToHexStringLower(output.WrittenSpan));
    }
}
