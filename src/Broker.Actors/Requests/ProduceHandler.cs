using System.Buffers;
using System.Runtime.InteropServices;
using Broker.Actors.Connections;
using Broker.Actors.Partitions;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Compression;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Requests;

/// <summary>
/// Produce 3-13 (advertised from 0 on, because librdkafka takes a higher minimum for a broker without compression;
/// older requests end the connection, as they do in Kafka 4). acks 1 and -1 both mean durable, within the request's time-out; acks 0 has no answer.
/// </summary>
internal sealed class ProduceHandler(BrokerServices services) : IRequestHandler
{
    private const short OldestServed = 3;

    // KIP-110: an older client's fellow readers could not decompress it.
    private const short FirstWithZstd = 7;

    public ApiKey ApiKey => ApiKey.Produce;

    public VersionRange Versions => new(0, ProduceRequest.HighestVersion);

    public void Handle(RequestExchange exchange)
    {
        if (exchange.ApiVersion < OldestServed)
        {
            exchange.Close($"Produce version {exchange.ApiVersion} is too old");
            return;
        }

        ProduceRequest request = (ProduceRequest)exchange.Request;
        PendingProduce pending = new(exchange, request, services.Metadata);
        if (request.Acks is < -1 or > 1)
        {
            pending.RefuseAll(ErrorCode.InvalidRequiredAcks);
            return;
        }

        if (request.TransactionalId is not null)
        {
            pending.RefuseAll(ErrorCode.TransactionalIdAuthorizationFailed);
            return;
        }

        if (request.Acks == 0)
        {
            exchange.RespondAfter(pending);
        }
        else
        {
            exchange.RespondAfter(pending, TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0)));
        }

        Send(exchange, request, pending);
        pending.AnswerIfComplete();
    }

    private void Send(RequestExchange exchange, ProduceRequest request, PendingProduce pending)
    {
        MetadataImage image = services.Metadata.Current;
        foreach (ProduceRequest.TopicProduceData topic in request.TopicData)
        {
            TopicState? found = exchange.ApiVersion >= 13 ? image.FindTopic(topic.TopicId) : image.FindTopic(topic.Name);
            ErrorCode topicError = CheckTopic(exchange, found);
            foreach (ProduceRequest.PartitionProduceData partition in topic.PartitionData)
            {
                int index = pending.Add(topic, partition.Index);
                ErrorCode error = topicError != ErrorCode.None ? topicError : SendPartition(exchange, found!, partition, index);
                if (error != ErrorCode.None)
                {
                    pending.Refuse(index, error);
                }
            }
        }
    }

    private ErrorCode CheckTopic(RequestExchange exchange, TopicState? topic)
    {
        if (topic is null)
        {
            return exchange.ApiVersion >= 13 ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
        }

        if (!services.Authorizer.Allows(exchange.Client, AclOperation.Write, AclResource.Topic, topic.Name))
        {
            return ErrorCode.TopicAuthorizationFailed;
        }

        // Kafka lets nobody but its admin client write where it keeps its own state.
        return topic.IsInternal ? ErrorCode.InvalidTopicException : ErrorCode.None;
    }

    private ErrorCode SendPartition(RequestExchange exchange, TopicState topic, ProduceRequest.PartitionProduceData partition, int index)
    {
        if (partition.Index < 0 || partition.Index >= topic.Partitions.Length)
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        if (exchange.ApiVersion < FirstWithZstd && IsZstd(partition.Records))
        {
            return ErrorCode.UnsupportedCompressionType;
        }

        if (services.Partitions.Find(topic.Partitions[partition.Index]) is not { } leader)
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        exchange.Frame.AddRef();
        leader.Tell(new Append(new ReplyTag(exchange.Key, index), Writable(partition.Records), exchange.Frame), exchange.Connection);
        return ErrorCode.None;
    }

    private static bool IsZstd(ReadOnlySequence<byte>? records) => records is { } bytes
        && bytes.First.Length >= RecordBatchView.HeaderBytes
        && new RecordBatchView(bytes.FirstSpan).Compression == CompressionType.Zstd;

    // The frame is one pooled block, so its slices are; the partition that gets one writes offsets into it.
    private static Memory<byte> Writable(ReadOnlySequence<byte>? records) =>
        records is { } bytes ? MemoryMarshal.AsMemory(bytes.First) : Memory<byte>.Empty;
}
