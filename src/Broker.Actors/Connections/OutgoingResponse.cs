using Broker.Wire;

namespace Broker.Actors.Connections;

/// <summary>One answer on its way to the socket, in request order.</summary>
/// <param name="Response">Null when the protocol has no answer (Produce with acks=0): then it only gives its place back.</param>
/// <param name="Resources">Buffers that the response points into; released once it is written.</param>
/// <param name="RequestBytes">What the request had reserved of the memory budget.</param>
internal sealed record OutgoingResponse(
    int CorrelationId,
    short ApiVersion,
    IKafkaResponse? Response,
    IDisposable? Resources,
    int RequestBytes);
