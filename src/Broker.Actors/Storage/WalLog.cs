using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

internal static partial class WalLog
{
    [LoggerMessage(EventId = 3001, EventName = "WalRefused", Level = LogLevel.Error, Message = "The write-ahead log refuses record batches: {Problem}")]
    public static partial void Refused(ILogger log, string problem);

    [LoggerMessage(EventId = 3005, EventName = "WalBroken", Level = LogLevel.Error, Message = "The write-ahead log's stage refuses record batches: an invariant is broken")]
    public static partial void Broken(ILogger log, Exception cause);

    [LoggerMessage(EventId = 3002, EventName = "WalAccepts", Level = LogLevel.Warning, Message = "The write-ahead log takes record batches again; it has refused {Count}")]
    public static partial void Accepts(ILogger log, long count);

    [LoggerMessage(EventId = 3003, EventName = "UploadsStalled", Level = LogLevel.Error, Message = "Uploads fail ({Problem}): once what is not uploaded fills the log cache, appends are refused")]
    public static partial void UploadsStalled(ILogger log, string problem);

    [LoggerMessage(EventId = 3004, EventName = "UploadsResumed", Level = LogLevel.Warning, Message = "Uploads succeed again")]
    public static partial void UploadsResumed(ILogger log);
}
