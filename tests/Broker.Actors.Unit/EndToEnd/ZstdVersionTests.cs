using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Compression;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Zstd came with Produce version 7 (KIP-110).</summary>
public sealed class ZstdVersionTests
{
    [Fact]
    public async Task Zstd_batch_is_refused_in_versions_that_do_not_know_zstd()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using TestClient client = node.Connect();
        await client.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
        byte[] batch = TestBatches.Of();
        batch[22] = (byte)CompressionType.Zstd;
        foreach (short version in new short[] { 3, 6, 7, 9 })
        {
            ProduceRequest request = new()
            {
                Acks = -1,
                TimeoutMs = 1000,
                TopicData = [new() { Name = "t", PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(TestBatches.Resealed([.. batch])) }] }],
            };

            ProduceResponse response = await client.CallAsync<ProduceResponse>(request, version);

            Assert.Equal((version, version < 7 ? ErrorCode.UnsupportedCompressionType : ErrorCode.None), (version, (ErrorCode)response.Responses[0].PartitionResponses[0].ErrorCode));
        }
    }
}
