using System.Collections.Immutable;

namespace Broker.ObjectStore.Metadata;

/// <summary>Who is there, who leads what, and which write-ahead logs count.</summary>
internal sealed partial class MetadataChange
{
    private void ApplyNodeEvent(MetadataEvent item)
    {
        switch (item)
        {
            case NodeRegistered registered:
                long known = _nodes.GetValueOrDefault(registered.Node, -1);
                Require(registered.NodeEpoch > known, item, $"node {registered.Node} has epoch {known} already");
                _nodes[registered.Node] = registered.NodeEpoch;
                _live.Remove(registered.Node);
                if (registered.Place is { } place)
                {
                    _live[registered.Node] = new LiveNode(registered.Node, registered.NodeEpoch, place);
                }

                break;
            case NodeLeft left:
                Require(_live.GetValueOrDefault(left.Node)?.Epoch == left.NodeEpoch, item, $"node {left.Node} is not there under epoch {left.NodeEpoch}");
                _live.Remove(left.Node);
                break;
            case WalAttached attached:
                Require(_wals.GetValueOrDefault(attached.WalId) is not { IsFenced: true }, item, $"the WAL {attached.WalId} is fenced");
                _wals[attached.WalId] = new AttachedWal(attached.WalId, attached.Node, attached.Host, attached.Path, timestampMs);
                break;
            case WalFenced fenced:
                _wals[fenced.WalId] = Wal(fenced, fenced.WalId) with { IsFenced = true };
                break;
            case WalReleased released:
                _wals.Remove(Wal(released, released.WalId).WalId);
                break;
            default:
                throw new InvalidOperationException($"no rule applies {item.GetType().Name}");
        }
    }

    private AttachedWal Wal(MetadataEvent item, WalId id)
    {
        AttachedWal? wal = _wals.GetValueOrDefault(id);
        Require(wal is not null, item, $"the WAL {id} is not attached");
        return wal!;
    }

    private void OpenStream(StreamOpened opened)
    {
        StreamState stream = Stream(opened, opened.Stream);
        Require(opened.Epoch > stream.Epoch, opened, $"{opened.Stream} has epoch {stream.Epoch}; {opened.Epoch} is not higher");
        Require(
            opened.StartOffset >= stream.EndOffset,
            opened,
            $"{opened.Stream} is uploaded up to {stream.EndOffset}; an epoch cannot begin at {opened.StartOffset}");

        // An epoch that wrote nothing leaves no trace: the next one begins where it began.
        ImmutableArray<EpochStart> history = stream.EpochHistory.RemoveAll(earlier => earlier.StartOffset >= opened.StartOffset);
        StreamState next = stream with
        {
            Leader = opened.Leader,
            Epoch = opened.Epoch,
            EpochHistory = history.Add(new EpochStart(opened.Epoch, opened.StartOffset)),
            Wal = opened.Wal,
        };
        _streams[stream.StreamId] = next with { PendingWals = next.IsUploadedToEpoch ? [] : [.. WalDebts.Before(stream, opened.Wal, _wals.Keys, _wals.ContainsKey)] };
    }

    private void CloseStream(StreamClosed closed)
    {
        StreamState stream = Stream(closed, closed.Stream);
        Require(closed.Epoch == stream.Epoch && stream.Leader != NodeId.None, closed, $"{closed.Stream} is not led under epoch {closed.Epoch}, but {stream.Epoch}");
        Require(stream.IsUploadedToEpoch, closed, $"{closed.Stream} is uploaded up to {stream.EndOffset} only, and its epoch began at {stream.EpochHistory[^1].StartOffset}");
        _streams[stream.StreamId] = stream with { Leader = NodeId.None, Wal = WalId.None };
    }
}
