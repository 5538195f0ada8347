using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>A Produce request that waits for its partitions to be durable.</summary>
internal sealed class PendingProduce(RequestExchange exchange, ProduceRequest request, MetadataView metadata) : PendingRequest
{
    private const short FirstWithLeaders = 10;

    private readonly ProduceResponse _response = new();
    private readonly List<ProduceResponse.PartitionProduceResponse> _partitions = [];
    private readonly HashSet<int> _waiting = [];
    private bool _anyFailed;

    /// <summary>Adds a partition to the answer and returns its index, by which replies name it.</summary>
    public int Add(ProduceRequest.TopicProduceData topic, int partition)
    {
        ProduceResponse.TopicProduceResponse? last = _response.Responses.Count > 0 ? _response.Responses[^1] : null;
        if (last is null || last.Name != topic.Name || last.TopicId != topic.TopicId)
        {
            _response.Responses.Add(last = new ProduceResponse.TopicProduceResponse { Name = topic.Name, TopicId = topic.TopicId });
        }

        ProduceResponse.PartitionProduceResponse answer = new() { Index = partition, BaseOffset = -1 };
        last.PartitionResponses.Add(answer);
        _partitions.Add(answer);
        _waiting.Add(_partitions.Count - 1);
        return _partitions.Count - 1;
    }

    public override void OnReply(IRequestReply reply)
    {
        AppendReply append = (AppendReply)reply;
        ProduceResponse.PartitionProduceResponse answer = _partitions[append.Tag.Index];
        answer.ErrorCode = (short)append.Error;
        answer.BaseOffset = append.BaseOffset;
        answer.LogAppendTimeMs = append.LogAppendTimeMs;
        answer.LogStartOffset = append.LogStartOffset;
        answer.ErrorMessage = append.Message;
        answer.RecordErrors.AddRange(append.Records.Select(one => new ProduceResponse.BatchIndexAndErrorMessage { BatchIndex = one.Index, BatchIndexErrorMessage = one.Message }));
        Done(append.Tag.Index, append.Error);
        AnswerIfComplete();
    }

    /// <summary>The partition cannot be asked.</summary>
    public void Refuse(int index, ErrorCode error)
    {
        _partitions[index].ErrorCode = (short)error;
        Done(index, error);
    }

    /// <summary>The request as a whole cannot be served.</summary>
    public void RefuseAll(ErrorCode error)
    {
        foreach (ProduceRequest.TopicProduceData topic in request.TopicData)
        {
            foreach (ProduceRequest.PartitionProduceData partition in topic.PartitionData)
            {
                Refuse(Add(topic, partition.Index), error);
            }
        }

        AnswerIfComplete();
    }

    public void AnswerIfComplete()
    {
        if (_waiting.Count > 0)
        {
            return;
        }

        if (request.Acks != 0)
        {
            NameLeaders();
            exchange.Respond(_response);
        }
        else if (_anyFailed)
        {
            // Nobody reads an answer: as in Kafka, a closed connection makes the client look for the leader anew.
            exchange.Close("a produce request with acks=0 failed");
        }
        else
        {
            exchange.Respond(null);
        }
    }

    /// <summary>
    /// As in Kafka: what is not durable in time may become so later, and the client is told to try again. An idempotent producer's repeated batch is
    /// then known, and not appended twice.
    /// </summary>
    public override void OnTimeout()
    {
        foreach (int index in _waiting.ToArray())
        {
            Refuse(index, ErrorCode.RequestTimedOut);
        }

        AnswerIfComplete();
    }

    public override void Abandon()
    {
        // What is with the partitions becomes durable or not; nobody is left to tell.
    }

    private void NameLeaders()
    {
        if (!_anyFailed || exchange.ApiVersion < FirstWithLeaders)
        {
            return;
        }

        NextLeaders leaders = new(metadata.Current, exchange.Client.ListenerName);
        foreach (ProduceResponse.TopicProduceResponse topic in _response.Responses)
        {
            foreach (ProduceResponse.PartitionProduceResponse partition in topic.PartitionResponses.Where(one => one.ErrorCode == (short)ErrorCode.NotLeaderOrFollower))
            {
                if (leaders.Name(topic.TopicId, topic.Name, partition.Index) is var (leader, epoch))
                {
                    partition.CurrentLeader = new ProduceResponse.LeaderIdAndEpoch { LeaderId = leader, LeaderEpoch = epoch };
                }
            }
        }

        _response.NodeEndpoints.AddRange(leaders.Nodes.Select(node => new ProduceResponse.NodeEndpoint { NodeId = node.NodeId, Host = node.Host, Port = node.Port, Rack = node.Rack }));
    }

    private void Done(int index, ErrorCode error)
    {
        _waiting.Remove(index);
        _anyFailed |= error != ErrorCode.None;
    }
}
