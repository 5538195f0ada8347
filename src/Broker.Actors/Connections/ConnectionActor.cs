using System.Buffers;
using Akka.Actor;
using Broker.Actors.Requests;
using Broker.Actors.Security;
using Broker.ObjectStore.Buffers;
using Broker.Wire;
using Broker.Wire.Primitives;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Connections;

/// <summary>
/// One client connection. Decodes requests, hands each to its API's handler, and releases answers in request order
/// however their work ends (pipelining). Holds at most as many requests as the socket side lets in.
/// </summary>
internal sealed class ConnectionActor : UntypedActor, IWithTimers
{
    // How late a request that has waited for too long may be answered; its patience is some seconds, usually thirty.
    private static readonly TimeSpan DeadlineInterval = TimeSpan.FromSeconds(1);

    // Idle connections are looked for four times in their allowance: late by a quarter at most, and cheap.
    private const int IdleChecksPerAllowance = 4;

    private readonly ConnectionSettings _connection;
    private readonly HandlerTable _handlers;
    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private readonly Queue<RequestExchange> _inOrder = new();
    private readonly Dictionary<long, RequestExchange> _byKey = [];
    private readonly Queue<RequestExchange> _waitingForTurn = new();
    private RequestExchange? _hasTurn;
    private long _nextKey;
    private long _lastActive;
    private bool _closed;

    public ConnectionActor(ConnectionSettings connection, HandlerTable handlers, ILogger log, TimeProvider clock)
    {
        (_connection, _handlers, _log, _clock) = (connection, handlers, log, clock);
        SelfRef = Self;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>This actor, for exchanges that are used outside a turn's context.</summary>
    internal IActorRef SelfRef { get; }

    protected override void PreStart()
    {
        _lastActive = _clock.GetTimestamp();
        TimeSpan interval = _connection.MaxIdle / IdleChecksPerAllowance;
        if (interval > TimeSpan.Zero)
        {
            Timers.StartPeriodicTimer(nameof(IdleCheck), IdleCheck.Instance, interval);
        }
    }

    protected override void PostStop()
    {
        AbandonAll();
        _connection.Responses.TryComplete();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FrameReceived received:
                OnFrame(received.Frame);
                break;
            case IRequestReply reply:
                OnReply(reply);
                break;
            case AnswerReady ready:
                AnswerUnlessClosed(ready);
                break;
            case AnswerFailed failed:
                FailRequest(failed.Exchange, failed.Cause);
                break;
            case TurnEnded ended when ended.RequestKey == _hasTurn?.Key:
                PassTurn();
                break;
            case DeadlineCheck:
                EndLateRequests();
                break;
            case IdleCheck:
                CloseIfIdle();
                break;
            case SocketClosed:
                Context.Stop(Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnFrame(BufferLease frame)
    {
        _lastActive = _clock.GetTimestamp();
        if (_closed)
        {
            Release(frame);
            return;
        }

        RequestExchange? exchange;
        try
        {
            exchange = Decode(frame);
        }
        catch (ProtocolException cause)
        {
            _connection.Requests.CouldNotRead();
            if (_connection.BadRequests.Add() is > 0 and int requests)
            {
                ConnectionLog.BadRequest(_log, requests, _connection.RemoteAddress, cause.Message);
            }

            Release(frame);
            CloseConnection("a request could not be read");
            return;
        }

        _inOrder.Enqueue(exchange);
        _byKey.Add(exchange.Key, exchange);
        try
        {
            _handlers.Handle(exchange);
        }
        catch (Exception cause)
        {
            FailRequest(exchange, cause);
        }
    }

    // A fault of ours costs the client its connection, not the node: it connects anew and tries again.
    private void FailRequest(RequestExchange exchange, Exception cause)
    {
        ConnectionLog.RequestFailed(_log, cause, exchange.ApiKey, exchange.Client.ClientId);
        CloseFor(exchange, "a request failed inside the broker");
    }

    private RequestExchange Decode(BufferLease frame)
    {
        WireReader reader = new(new ReadOnlySequence<byte>(frame.Memory));
        RequestEnvelope envelope = _handlers.Decode(ref reader);
        ClientIdentity client = new(ClientIdentity.Anonymous, _connection.RemoteAddress, _connection.ListenerName, envelope.ClientId ?? "");
        return new RequestExchange(this, _nextKey++, envelope, client, frame) { ReceivedAt = _lastActive };
    }

    private void OnReply(IRequestReply reply)
    {
        if (_byKey.TryGetValue(reply.RequestKey, out RequestExchange? exchange) && exchange.Pending is { } pending)
        {
            pending.OnReply(reply);
        }
        else
        {
            PendingRequest.Discard(reply);
        }
    }

    private void AnswerUnlessClosed(AnswerReady ready)
    {
        if (_byKey.ContainsKey(ready.Exchange.Key))
        {
            ready.Exchange.Respond(ready.Response);
        }
    }

    /// <summary>Starts the request, or lets it wait for the one whose turn it is.</summary>
    internal void StartInTurn(RequestExchange exchange)
    {
        if (_hasTurn is not null)
        {
            _waitingForTurn.Enqueue(exchange);
            return;
        }

        _hasTurn = exchange;
        exchange.HasTurn = true;
        exchange.Pending!.Start();
    }

    private void PassTurn()
    {
        _hasTurn = null;
        if (_waitingForTurn.TryDequeue(out RequestExchange? next))
        {
            StartInTurn(next);
        }
    }

    /// <summary>Sees to it that the request is answered when its patience is over.</summary>
    internal void ExpectAnswer(RequestExchange exchange, TimeSpan patience)
    {
        exchange.Deadline = _clock.GetTimestamp() + (long)(patience.TotalSeconds * _clock.TimestampFrequency);
        if (!Timers.IsTimerActive(nameof(DeadlineCheck)))
        {
            Timers.StartPeriodicTimer(nameof(DeadlineCheck), DeadlineCheck.Instance, DeadlineInterval);
        }
    }

    private void EndLateRequests()
    {
        long now = _clock.GetTimestamp();
        RequestExchange[] waiting = [.. _inOrder.Where(exchange => exchange is { Deadline: > 0, IsAnswered: false })];
        foreach (RequestExchange late in waiting.Where(exchange => exchange.Deadline <= now))
        {
            late.Pending?.OnTimeout();
        }

        if (waiting.Length == 0)
        {
            Timers.Cancel(nameof(DeadlineCheck));
        }
    }

    /// <summary>Sends what has become answerable at the head of the line.</summary>
    internal void OnAnswered(RequestExchange exchange)
    {
        _lastActive = _clock.GetTimestamp();
        _byKey.Remove(exchange.Key);
        _connection.Requests.Answered(exchange.ApiKey, _clock.GetElapsedTime(exchange.ReceivedAt, _lastActive), exchange.Outgoing!.Response);
        while (_inOrder.TryPeek(out RequestExchange? head) && head.IsAnswered)
        {
            _inOrder.Dequeue();
            Send(head);
        }
    }

    private void Send(RequestExchange exchange)
    {
        OutgoingResponse outgoing = exchange.Outgoing!;
        exchange.Frame.Release();
        if (!_connection.Responses.TryWrite(outgoing))
        {
            outgoing.Resources?.Dispose();
            _connection.Memory.Release(outgoing.RequestBytes);
        }
    }

    private void Release(BufferLease frame)
    {
        int reservedBytes = frame.Memory.Length;
        frame.Release();
        _connection.Memory.Release(reservedBytes);
    }

    /// <summary>Closes the connection, which is all the answer that a request gets.</summary>
    internal void CloseFor(RequestExchange exchange, string reason)
    {
        _connection.Requests.Closed(exchange.ApiKey);
        CloseConnection(reason);
    }

    private void CloseConnection(string reason)
    {
        if (!_closed)
        {
            _closed = true;
            ConnectionLog.Closing(_log, _connection.RemoteAddress, reason);
            AbandonAll();
            _connection.Responses.TryComplete();
        }
    }

    private void CloseIfIdle()
    {
        if (_inOrder.Count == 0 && _clock.GetElapsedTime(_lastActive) >= _connection.MaxIdle)
        {
            CloseConnection("it was idle for longer than connections.max.idle.ms");
            _connection.Abort();
        }
    }

    private void AbandonAll()
    {
        foreach (RequestExchange exchange in _inOrder)
        {
            exchange.Pending?.Abandon();
            exchange.Outgoing?.Resources?.Dispose();
            Release(exchange.Frame);
        }

        _inOrder.Clear();
        _byKey.Clear();
        _waitingForTurn.Clear();
    }
}
