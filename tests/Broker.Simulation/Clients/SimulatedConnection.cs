using System.Buffers;
using System.Net;
using System.Threading.Channels;
using Akka.Actor;
using Broker.Actors.Connections;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;
using Broker.Wire;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Simulation.Clients;

/// <summary>
/// A connection of a client to a node: requests go as bytes to the connection's actor, answers come back as bytes, each after some time on the way and in
/// order. It breaks when the node dies or closes it, or when the client drops it; then everything unanswered fails.
/// </summary>
internal sealed class SimulatedConnection
{
    private const int MaxTransitMs = 3;
    private const string ClientId = "client";

    private readonly SimulatedWorld _world;
    private readonly Dictionary<int, (ApiKey ApiKey, short Version, TaskCompletionSource<IKafkaResponse> Answer)> _unanswered = [];
    private readonly Queue<ReadOnlyMemory<byte>> _toNode = new();
    private IActorRef? _actor;
    private int _nextCorrelationId;
    private long _nextArrivalTicks;
    private long _nextReturnTicks;

    private SimulatedConnection(IReachable node)
    {
        Node = node;
        _world = node.Process.World;
        node.Process.Died += Break;
    }

    public IReachable Node { get; }

    public bool IsBroken { get; private set; }

    /// <summary>Opens a connection to a node that serves.</summary>
    /// <exception cref="ConnectionBrokenException">It died meanwhile.</exception>
    public static async Task<SimulatedConnection> OpenAsync(IReachable node)
    {
        SimulatedConnection connection = new(node);
        ConnectionResources resources = node.System.Connections;
        ConnectionSettings settings = new(
            IPAddress.Loopback, "PLAINTEXT", TimeSpan.FromMinutes(10), resources.Memory, new Answers(connection, resources.Memory), connection.Break, resources.Requests, new LinePace(node.Process.Clock));
        try
        {
            connection._actor = await node.Process.CallAsync(() => resources.Connections.Ask<IActorRef>(
                new OpenConnection(settings, node.System.Handlers, NullLogger.Instance, node.Process.Clock)));
            return connection;
        }
        catch (ProcessDiedException)
        {
            throw new ConnectionBrokenException();
        }
    }

    /// <summary>Sends a request; any number may be on their way.</summary>
    /// <exception cref="ConnectionBrokenException">The connection broke: nobody knows what became of it.</exception>
    public async Task<T> CallAsync<T>(IKafkaRequest request, short version)
        where T : class, IKafkaResponse
    {
        if (IsBroken)
        {
            throw new ConnectionBrokenException();
        }

        Node.Sabotage.Tamper?.Invoke(request, null);
        int correlationId = _nextCorrelationId++;
        ArrayBufferWriter<byte> frame = new();
        RequestFrame.Write(frame, correlationId, ClientId, request, version);
        TaskCompletionSource<IKafkaResponse> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _unanswered.Add(correlationId, (request.ApiKey, version, answer));
        _toNode.Enqueue(frame.WrittenMemory[FrameReader.SizeBytes..]);
        Node.Process.Call(Transit(ref _nextArrivalTicks), Arrive);
        T response = (T)await answer.Task;
        Node.Sabotage.Tamper?.Invoke(request, response);
        return response;
    }

    /// <summary>The client gives it up, with what is on its way.</summary>
    public void Drop()
    {
        if (!IsBroken)
        {
            Break();
            Node.Process.Call(_world.Between(0, MaxTransitMs), () => _actor?.Tell(new SocketClosed(), ActorRefs.NoSender));
        }
    }

    // However the process orders its work: what was sent first is taken first.
    private void Arrive()
    {
        ReadOnlyMemory<byte> request = _toNode.Dequeue();
        if (IsBroken)
        {
            return;
        }

        ConnectionResources resources = Node.System.Connections;
        resources.Memory.Take(request.Length);
        Broker.ObjectStore.Buffers.BufferLease frame = resources.Buffers.Rent(request.Length);
        request.CopyTo(frame.Memory);
        _actor!.Tell(new FrameReceived(frame), ActorRefs.NoSender);
    }

    private void Return(ReadOnlyMemory<byte> frame)
    {
        _world.Outside.Call(Transit(ref _nextReturnTicks), () => OnAnswer(frame));
    }

    private void OnAnswer(ReadOnlyMemory<byte> frame)
    {
        if (IsBroken)
        {
            return;
        }

        WireReader peek = new(frame[FrameReader.SizeBytes..]);
        int correlationId = peek.ReadInt32();
        (ApiKey apiKey, short version, TaskCompletionSource<IKafkaResponse> answer) = _unanswered[correlationId];
        _unanswered.Remove(correlationId);
        WireReader reader = new(frame[FrameReader.SizeBytes..]);
        ResponseHeader.Read(ref reader, ApiCatalog.ResponseHeaderVersion(apiKey, version));
        answer.SetResult(ResponseDecoder.Decode(apiKey, version, ref reader));
    }

    private void Break()
    {
        if (IsBroken)
        {
            return;
        }

        IsBroken = true;
        Node.Process.Died -= Break;
        foreach ((_, _, TaskCompletionSource<IKafkaResponse> answer) in _unanswered.Values)
        {
            answer.TrySetException(new ConnectionBrokenException());
        }

        _unanswered.Clear();
    }

    /// <summary>Some time on the way, and never before what was sent earlier.</summary>
    private TimeSpan Transit(ref long nextTicks)
    {
        nextTicks = Math.Max(nextTicks + 1, _world.NowTicks + _world.Between(0, MaxTransitMs).Ticks);
        return new TimeSpan(nextTicks - _world.NowTicks);
    }

    /// <summary>Takes the answers from the connection's actor, as the socket's side does.</summary>
    private sealed class Answers(SimulatedConnection connection, MemoryBudget memory) : ChannelWriter<OutgoingResponse>
    {
        public override bool TryWrite(OutgoingResponse item)
        {
            if (item.Response is { } response)
            {
                ArrayBufferWriter<byte> frame = new();
                ResponseFrame.Write(frame, item.CorrelationId, response, item.ApiVersion);
                connection.Return(frame.WrittenMemory);
            }

            item.Resources?.Dispose();
            memory.Release(item.RequestBytes);
            return true;
        }

        public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(true);

        public override bool TryComplete(Exception? error = null)
        {
            connection._world.Outside.Call(connection.Transit(ref connection._nextReturnTicks), connection.Break);
            return true;
        }
    }
}

/// <summary>The connection is no more; whether the request was served is not known.</summary>
internal sealed class ConnectionBrokenException() : Exception("the connection broke");
