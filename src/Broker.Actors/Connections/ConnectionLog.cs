using System.Net;
using Broker.Wire;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Connections;

internal static partial class ConnectionLog
{
    [LoggerMessage(EventId = 1001, EventName = "ConnectionBadRequest", Level = LogLevel.Warning, Message = "{Requests} requests could not be read, the last from {Address}, and their connections are closed: {Problem}")]
    public static partial void BadRequest(ILogger log, int requests, IPAddress address, string problem);

    [LoggerMessage(EventId = 1002, EventName = "ConnectionClosing", Level = LogLevel.Debug, Message = "Closing the connection of {Address}: {Reason}")]
    public static partial void Closing(ILogger log, IPAddress address, string reason);

    [LoggerMessage(EventId = 1003, EventName = "ConnectionRequestFailed", Level = LogLevel.Error, Message = "{ApiKey} request of client '{ClientId}' failed")]
    public static partial void RequestFailed(ILogger log, Exception cause, ApiKey apiKey, string clientId);

    [LoggerMessage(EventId = 1004, EventName = "ConnectionRefused", Level = LogLevel.Warning, Message = "Refused {Refused} connections, the last of {Address}: max.connections or max.connections.per.ip is reached ({Count} open)")]
    public static partial void Refused(ILogger log, int refused, IPAddress address, int count);

    [LoggerMessage(EventId = 1005, EventName = "ConnectionBroke", Level = LogLevel.Debug, Message = "The connection of {Address} broke: {Problem}")]
    public static partial void Broke(ILogger log, IPAddress address, string problem);

    [LoggerMessage(EventId = 1006, EventName = "ResponseNotWritable", Level = LogLevel.Error, Message = "The answer to a {ApiKey} request of version {Version} cannot be written")]
    public static partial void NotWritable(ILogger log, Exception cause, ApiKey apiKey, short version);
}
