using System.Buffers;
using System.Diagnostics;
using Broker.Crash.History;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Crash.Pipelined;

/// <summary>
/// An idempotent producer by the rules of KIP-98, with five requests in flight on its connection and each of them with
/// batches for several partitions. It takes one producer id and keeps it; what is not acknowledged it sends again, with
/// the same sequences, until it is. With each new connection it begins with one more partition, so that a partition's
/// very first batches, too, meet a broker that has just come up.
/// </summary>
internal sealed class IdempotentProducer
{
    private const short InitProducerIdVersion = 4;
    private const short ProduceVersion = 11;
    private const short AllInSync = -1;
    private const int RequestTimeoutMs = 30_000;

    /// <summary>One batch in this many is large; what a small one and a large one has at most.</summary>
    private const int LargeEvery = 20;
    private const int MaxSmallCount = 6;
    private const int MaxLargeCount = 100;
    private const int MaxFillingBytes = 600;

    /// <summary>A request leaves out one partition in this many.</summary>
    private const int SkipEvery = 4;

    /// <summary>Between an answer and the next request: keeps the load, and the history, small beside what the machine can do.</summary>
    private const int MaxPauseMs = 25;

    private readonly CrashTopic _topic;
    private readonly Random _random;
    private readonly int _producer;
    private readonly long _timestampMs;
    private readonly PartitionWindow[] _windows;
    private readonly Queue<(PartitionWindow[] Windows, long Sent)> _requests = new();
    private readonly CancellationTokenSource _stopping = new();
    private ProducerIdentity? _identity;
    private Dictionary<int, long> _endsAtConnect = [];
    private int _partitionsInUse;
    private int _acknowledgedBatches;
    private long _slowestAnswerTicks;

    /// <param name="producer">Its number in the history.</param>
    /// <param name="timestampMs">What its records carry, in milliseconds since 1970.</param>
    public IdempotentProducer(CrashTopic topic, int producer, long timestampMs, int seed)
    {
        (_topic, _producer, _timestampMs, _random) = (topic, producer, timestampMs, new Random(seed));
        _windows = [.. Enumerable.Range(0, topic.Partitions).Select(partition => new PartitionWindow(partition, topic.Partitions))];
    }

    /// <summary>Batches acknowledged so far; may be read while it runs.</summary>
    public int AcknowledgedBatches => Volatile.Read(ref _acknowledgedBatches);

    /// <summary>Batches that were on their way when a connection broke.</summary>
    public int Interrupted { get; private set; }

    /// <summary>Batches sent again and acknowledged where the broker had them already.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Batches sent again and appended then.</summary>
    public int Resent { get; private set; }

    /// <summary>How long the slowest answer took, an error too, from the request's sending on; may be read while it runs.</summary>
    public TimeSpan SlowestAnswer => new(Volatile.Read(ref _slowestAnswerTicks));

    /// <summary>Once it has ended: all that it knows.</summary>
    public ProducerHistory History => new(
        _producer,
        _windows.Max(window => window.NextRecord - _topic.Partitions) + 1,
        _windows.SelectMany(window => window.Acknowledged).ToDictionary());

    /// <summary>Makes no new batches from now on; <see cref="RunAsync"/> returns when all are acknowledged.</summary>
    public void Stop() => _stopping.Cancel();

    /// <exception cref="ProtocolViolationException">The broker gave an answer that it must never give.</exception>
    public Task RunAsync(int port, CancellationToken cancellation) =>
        Reconnecting.RunAsync(port, ProduceAsync, Disconnected, cancellation);

    private async Task ProduceAsync(RawConnection connection, CancellationToken cancellation)
    {
        _identity ??= await InitializeAsync(connection, cancellation);
        _endsAtConnect = await _topic.EndOffsetsAsync(connection, cancellation);
        _partitionsInUse = Math.Min(_partitionsInUse + 1, _windows.Length);
        while (true)
        {
            await FillAsync(connection, cancellation);
            if (_requests.Count == 0 && _windows.All(window => window.IsIdle) && _stopping.IsCancellationRequested)
            {
                return;
            }

            if (_requests.Count > 0)
            {
                TakeAnswers((ProduceResponse)await connection.ReceiveAsync(cancellation));
            }

            await Task.Delay(_random.Next(MaxPauseMs), cancellation);
        }
    }

    private async Task<ProducerIdentity?> InitializeAsync(RawConnection connection, CancellationToken cancellation)
    {
        while (true)
        {
            InitProducerIdRequest request = new()
            {
                TransactionalId = null,
                TransactionTimeoutMs = RequestTimeoutMs,
                ProducerId = -1,
                ProducerEpoch = -1,
            };
            InitProducerIdResponse response =
                await connection.CallAsync<InitProducerIdResponse>(request, InitProducerIdVersion, cancellation);
            switch ((ErrorCode)response.ErrorCode)
            {
                case ErrorCode.None:
                    return new ProducerIdentity(_producer, response.ProducerId, response.ProducerEpoch);
                case ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator:
                    await Task.Delay(MaxPauseMs, cancellation);
                    break;
                default:
                    throw new ProtocolViolationException($"InitProducerId was answered with {(ErrorCode)response.ErrorCode}");
            }
        }
    }

    private async Task FillAsync(RawConnection connection, CancellationToken cancellation)
    {
        while (_requests.Count < PartitionWindow.MaxInFlight)
        {
            List<(PartitionWindow Window, SequencedBatch Batch)> batches = [];
            foreach (PartitionWindow window in _windows.Take(_partitionsInUse).Where(window => window.CanSend))
            {
                // Requests that name other partitions each time let windows move on at different paces.
                bool isSkipped = _random.Next(SkipEvery) == 0;
                if (!isSkipped && window.Send(_stopping.IsCancellationRequested ? null : Create) is { } batch)
                {
                    batches.Add((window, batch));
                }
            }

            if (batches.Count == 0)
            {
                return;
            }

            _requests.Enqueue(([.. batches.Select(sent => sent.Window)], Stopwatch.GetTimestamp()));
            await connection.SendAsync(Request(batches), ProduceVersion, cancellation);
        }
    }

    private SequencedBatch Create(long firstRecord, int baseSequence)
    {
        bool isLarge = _random.Next(LargeEvery) == 0;
        int count = 1 + _random.Next(isLarge ? MaxLargeCount : MaxSmallCount);
        return SequencedBatch.Build(
            _identity!.Value, firstRecord, _topic.Partitions, baseSequence, count, _random.Next(MaxFillingBytes), _timestampMs);
    }

    private ProduceRequest Request(List<(PartitionWindow Window, SequencedBatch Batch)> batches)
    {
        ProduceRequest.TopicProduceData topic = new()
        {
            Name = _topic.Name,
            PartitionData =
            [
                .. batches.Select(sent => new ProduceRequest.PartitionProduceData
                {
                    Index = sent.Window.Partition,
                    Records = new ReadOnlySequence<byte>(sent.Batch.Bytes),
                }),
            ],
        };
        return new ProduceRequest { Acks = AllInSync, TimeoutMs = RequestTimeoutMs, TopicData = [topic] };
    }

    private void TakeAnswers(ProduceResponse response)
    {
        (PartitionWindow[] asked, long sent) = _requests.Dequeue();
        Volatile.Write(ref _slowestAnswerTicks, Math.Max(_slowestAnswerTicks, Stopwatch.GetElapsedTime(sent).Ticks));
        Dictionary<int, ProduceResponse.PartitionProduceResponse> answers =
            response.Responses.SelectMany(topic => topic.PartitionResponses).ToDictionary(answer => answer.Index);
        foreach (PartitionWindow window in asked)
        {
            ProduceResponse.PartitionProduceResponse answer = answers[window.Partition];
            if (window.Answer((ErrorCode)answer.ErrorCode, answer.BaseOffset) is { } acknowledged)
            {
                Count(acknowledged, window.Partition, answer.BaseOffset);
            }
        }
    }

    private void Count(SequencedBatch acknowledged, int partition, long baseOffset)
    {
        Volatile.Write(ref _acknowledgedBatches, _acknowledgedBatches + 1);
        if (acknowledged.IsRepeated)
        {
            bool wasThere = baseOffset < _endsAtConnect[partition];
            Duplicates += wasThere ? 1 : 0;
            Resent += wasThere ? 0 : 1;
        }
    }

    private void Disconnected()
    {
        _requests.Clear();
        foreach (PartitionWindow window in _windows)
        {
            Interrupted += window.InFlight;
            window.Disconnected();
        }
    }
}
