using Akka.Actor;
using Broker.Actors.Requests;
using Broker.Actors.Security;
using Broker.ObjectStore.Buffers;
using Broker.Wire;

namespace Broker.Actors.Connections;

/// <summary>
/// One request and the place of its answer. A handler ends it in one of four ways: <see cref="Respond"/>,
/// <see cref="RespondWith"/>, <see cref="RespondAfter(PendingRequest)"/> or <see cref="Close"/>. Belongs to its connection's actor and
/// is touched in that actor's turns only.
/// </summary>
public sealed class RequestExchange
{
    private readonly ConnectionActor _owner;

    internal RequestExchange(ConnectionActor owner, long key, RequestEnvelope envelope, ClientIdentity client, BufferLease frame)
    {
        (_owner, Key, Client, Frame) = (owner, key, client, frame);
        (ApiKey, ApiVersion, CorrelationId, Request) = (envelope.ApiKey, envelope.ApiVersion, envelope.CorrelationId, envelope.Request);
        IsVersionKnown = envelope.IsVersionKnown;
    }

    /// <summary>Names this request in messages to other actors, which send it back with their replies.</summary>
    public long Key { get; }

    public ApiKey ApiKey { get; }

    public short ApiVersion { get; }

    public int CorrelationId { get; }

    /// <summary>False for an ApiVersions request in a version that is not served: its body was not read.</summary>
    public bool IsVersionKnown { get; }

    public ClientIdentity Client { get; }

    public IKafkaRequest Request { get; }

    /// <summary>The request's bytes, which its record fields point into. Whoever keeps them beyond the answer adds a reference.</summary>
    public BufferLease Frame { get; }

    /// <summary>The connection's actor: where replies go.</summary>
    public IActorRef Connection => _owner.SelfRef;

    internal PendingRequest? Pending { get; private set; }

    internal bool IsAnswered { get; private set; }

    internal OutgoingResponse? Outgoing { get; private set; }

    /// <summary>Answers now.</summary>
    /// <param name="response">Null only where the protocol has no answer.</param>
    /// <param name="resources">What the response's records point into; disposed once they are written.</param>
    public void Respond(IKafkaResponse? response, IDisposable? resources = null)
    {
        if (IsAnswered)
        {
            throw new InvalidOperationException($"{ApiKey} request {CorrelationId} is answered twice");
        }

        IsAnswered = true;
        Pending = null;
        IDisposable? held = HasTurn ? new Turn(resources, Connection, Key) : resources;
        Outgoing = new OutgoingResponse(CorrelationId, ApiVersion, response, held, Frame.Memory.Length);
        _owner.OnAnswered(this);
    }

    /// <summary>Answers when a task is done; the connection goes on with other requests meanwhile.</summary>
    public void RespondWith(Task<IKafkaResponse> response) => response.PipeTo(
        Connection,
        success: answer => new AnswerReady(this, answer),
        failure: cause => new AnswerFailed(this, cause));

    /// <summary>Answers when <paramref name="pending"/> has what it needs; replies that carry <see cref="Key"/> are given to it.</summary>
    public void RespondAfter(PendingRequest pending) => Pending = pending;

    /// <summary>As <see cref="RespondAfter(PendingRequest)"/>; after <paramref name="patience"/>, to a second or so, it is told to answer with what it has.</summary>
    public void RespondAfter(PendingRequest pending, TimeSpan patience)
    {
        Pending = pending;
        _owner.ExpectAnswer(this, patience);
    }

    /// <summary>
    /// As <see cref="RespondAfter(PendingRequest)"/>, but <paramref name="pending"/> starts only when the answer of the connection's last such request
    /// is written: for requests whose answers are large.
    /// </summary>
    public void RespondInTurn(PendingRequest pending)
    {
        Pending = pending;
        _owner.StartInTurn(this);
    }

    /// <summary>It is the connection's one request of those that take turns.</summary>
    internal bool HasTurn { get; set; }

    /// <summary>When it came, in the clock's ticks.</summary>
    internal long ReceivedAt { get; init; }

    /// <summary>When it is told to answer with what it has, in the clock's ticks; 0: never.</summary>
    internal long Deadline { get; set; }

    /// <summary>Closes the connection: the protocol has no better answer to this request.</summary>
    public void Close(string reason) => _owner.CloseFor(this, reason);

    /// <summary>What an answer holds until it is written: its resources, and the turn.</summary>
    private sealed class Turn(IDisposable? resources, IActorRef connection, long key) : IDisposable
    {
        public void Dispose()
        {
            resources?.Dispose();
            connection.Tell(new TurnEnded(key), ActorRefs.NoSender);
        }
    }
}
