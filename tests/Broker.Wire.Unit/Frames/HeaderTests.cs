using System.Buffers;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;

namespace Broker.Wire.Unit.Frames;

public class HeaderTests
{
    [Theory]
    [InlineData(ApiKey.Produce, 0, 1, 0)]
    [InlineData(ApiKey.Produce, 8, 1, 0)]
    [InlineData(ApiKey.Produce, 9, 2, 1)]
    [InlineData(ApiKey.Produce, 99, 2, 1)]
    [InlineData(ApiKey.ApiVersions, 2, 1, 0)]
    [InlineData(ApiKey.ApiVersions, 3, 2, 0)]
    [InlineData(ApiKey.ApiVersions, 99, 2, 0)]
    [InlineData(ApiKey.SaslHandshake, 1, 1, 0)]
    [InlineData(ApiKey.DescribeCluster, 0, 2, 1)]
    public void Header_versions_follow_from_api_and_version(ApiKey api, short version, short request, short response)
    {
        Assert.Equal(request, ApiCatalog.RequestHeaderVersion(api, version));
        Assert.Equal(response, ApiCatalog.ResponseHeaderVersion(api, version));
    }

    [Fact]
    public void Header_version_is_0_only_for_the_first_ControlledShutdown() =>
        Assert.Equal(0, ApiCatalog.RequestHeaderVersion((ApiKey)7, 0));

    [Fact]
    public void Reader_reads_a_header_without_client_id()
    {
        WireReader reader = new(Convert.FromHexString("0007000000000005ff"));
        RequestHeader header = RequestHeaderReader.Read(ref reader);
        Assert.Equal((7, 0, 5, null), (header.RequestApiKey, header.RequestApiVersion, header.CorrelationId, header.ClientId));
        Assert.Equal(1, reader.Remaining);
    }

    [Fact]
    public void Reader_reads_the_header_of_a_version_that_does_not_exist_yet()
    {
        WireReader reader = new(Convert.FromHexString("00120063000000070003616263" + "00" + "ff"));
        RequestHeader header = RequestHeaderReader.Read(ref reader);
        Assert.Equal((18, 99, 7, "abc"), (header.RequestApiKey, header.RequestApiVersion, header.CorrelationId, header.ClientId));
        Assert.Equal(1, reader.Remaining);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-1)]
    [InlineData(38)]
    [InlineData(30000)]
    public void Reader_refuses_an_api_that_is_not_defined(short key)
    {
        ArrayBufferWriter<byte> output = new();
        WireWriter writer = new(output);
        writer.WriteInt16(key);
        writer.WriteInt64(0);
        writer.Commit();
        Assert.Throws<UnsupportedVersionException>(() =>
        {
            WireReader reader = new(output.WrittenMemory);
            RequestHeaderReader.Read(ref reader);
        });
    }

    [Fact]
    public void Unknown_tagged_fields_of_a_header_survive()
    {
        RequestHeader header = new() { RequestApiKey = 3, RequestApiVersion = 12, ClientId = "c", UnknownTaggedFields = [new(9, [1, 2])] };
        ArrayBufferWriter<byte> output = new();
        WireWriter writer = new(output);
        header.Write(ref writer, 2);
        writer.Commit();
        WireReader reader = new(output.WrittenMemory);
        RequestHeader read = RequestHeaderReader.Read(ref reader);
        RawTaggedField field = Assert.Single(read.UnknownTaggedFields!);
        Assert.Equal(9u, field.Tag);
        Assert.Equal([1, 2], field.Value);
    }

    [Fact]
    public void Catalog_lists_every_api_of_a_broker_listener()
    {
        short[] expected =
        [
            .. Enumerable.Range(0, 4).Concat(Enumerable.Range(8, 30)).Concat(Enumerable.Range(42, 10))
                .Concat([55, 57, 60, 61, 65, 66, 68, 69, 71, 72]).Concat(Enumerable.Range(74, 6)).Concat([90, 91, 92])
                .Select(key => (short)key),
        ];
        Assert.Equal(expected, ApiCatalog.All.Select(api => (short)api.Key));
        Assert.True(ApiCatalog.TryGet(ApiKey.InitProducerId, out ApiVersionRange versions));
        Assert.Equal((0, 6, 5, 2), (versions.Lowest, versions.Highest, versions.HighestStable, versions.FirstFlexible));
    }
}
