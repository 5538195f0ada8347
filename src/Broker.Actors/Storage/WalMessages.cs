using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.Wire;

namespace Broker.Actors.Storage;

/// <summary>
/// A partition's numbered batch, to be made durable. Its lease goes with it. The sender gets <see cref="WalAppended"/>
/// or <see cref="WalRefused"/>.
/// </summary>
/// <param name="Generation">
/// Counts the partition's refusals: what was numbered before it learned of one is void.
/// </param>
public sealed record WalAppend(StreamId Stream, CachedBatch Batch, int Generation);

/// <summary>Everything of the stream below <paramref name="End"/> is durable and in the cache.</summary>
public sealed record WalAppended(Offset End, int Generation);

/// <summary>Nothing of this generation that was not yet <see cref="WalAppended"/> will be durable.</summary>
public sealed record WalRefused(int Generation, ErrorCode Error, string Reason);

/// <summary>Room may have come: an upload has succeeded, and the WAL was trimmed.</summary>
public sealed record StorageRoomMade
{
    public static readonly StorageRoomMade Instance = new();
}

/// <summary>
/// Uploads fail, and have for so long that it is no hiccup: what waits for room in the cache would wait in vain. Sent again with each failure,
/// until <see cref="StorageRoomMade"/> says that one succeeded.
/// </summary>
public sealed record UploadsStalled(string Problem);

/// <summary>Asks to be told when everything that was sent before is durable or refused. Answered with <see cref="WalDrained"/>.</summary>
public sealed record DrainWal
{
    public static readonly DrainWal Instance = new();
}

/// <summary>Everything that was sent before the <see cref="DrainWal"/> is durable or refused.</summary>
public sealed record WalDrained
{
    public static readonly WalDrained Instance = new();
}
