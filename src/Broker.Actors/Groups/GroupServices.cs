using Broker.Actors.Configuration;
using Broker.ObjectStore.Buffers;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Groups;

/// <summary>What a group coordinator works with.</summary>
/// <param name="NewId">Gives ids that were never given before: the tails of member ids.</param>
internal sealed record GroupServices(GroupOptions Options, BufferPool Buffers, TimeProvider Clock, Func<Guid> NewId, ILogger Log);

internal static partial class GroupLog
{
    [LoggerMessage(EventId = 4001, EventName = "GroupsLoadFailed", Level = LogLevel.Warning, Message = "Loading groups from __consumer_offsets-{Partition} failed ({Error}); it is tried again")]
    public static partial void LoadFailed(ILogger log, int partition, Wire.ErrorCode error);

    [LoggerMessage(EventId = 4002, EventName = "GroupsLoaded", Level = LogLevel.Debug, Message = "Loaded {Groups} groups and the offsets of {WithOffsets} from __consumer_offsets-{Partition}")]
    public static partial void Loaded(ILogger log, int partition, int groups, int withOffsets);

    [LoggerMessage(EventId = 4003, EventName = "GroupRecordsUnreadable", Level = LogLevel.Error, Message = "Offsets {From} to {To} of __consumer_offsets-{Partition} cannot be read: groups that committed there go on from their commits before or after")]
    public static partial void RecordsUnreadable(ILogger log, int partition, long from, long to);
}
