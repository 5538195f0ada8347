using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>These streams are this node's to lead. Answered with <see cref="Seated"/> or <see cref="NotSeated"/> for each, when it does, or when that cannot be any more.</summary>
internal sealed record SeatStreams(IReadOnlyList<StreamId> Streams);

/// <summary>These streams are no longer this node's to lead: those that are not open yet are not opened. Answered with <see cref="Seated"/> or <see cref="NotSeated"/> for each.</summary>
internal sealed record UnseatStreams(IReadOnlyList<StreamId> Streams);

/// <summary>
/// These streams may be led by this node, or by nobody, under the epochs that are named: they are opened here under new ones. Those that were opened since are not: their partitions take appends.
/// </summary>
internal sealed record SeatAnew(IReadOnlyList<(StreamId Stream, LeaderEpoch Epoch)> Streams);

/// <summary>This node leads the stream.</summary>
internal sealed record Seated(StreamId Stream);

/// <summary>This node does not lead the stream, and will not without being asked anew.</summary>
internal sealed record NotSeated(StreamId Stream);
