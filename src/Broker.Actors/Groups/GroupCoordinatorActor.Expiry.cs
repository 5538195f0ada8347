using System.Collections.Frozen;
using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Groups;

/// <summary>
/// What is forgotten, and when (KIP-211): of a group without members all offsets, so long after it lost the last one; of a consumer group with members
/// those of topics that none of them subscribes to, and of clients that assign themselves theirs, so long after the commit. An empty group without
/// offsets goes at the next check.
/// </summary>
internal sealed partial class GroupCoordinatorActor
{
    private void OnExpireOffsets()
    {
        foreach ((string groupId, CommittedOffsets offsets) in _offsets.ToArray())
        {
            RemoveOffsets(groupId, offsets, Expired(Group(groupId), offsets));
        }

        foreach (ClassicGroup group in _groups.Values.Where(g => !g.HasMembers && g.State == GroupState.Empty && !_offsets.ContainsKey(g.GroupId)).ToArray())
        {
            _groups.Remove(group.GroupId);
            group.Close(ErrorCode.CoordinatorNotAvailable);
            _store.Append([GroupRecords.GroupGone(group.GroupId)], NowMs, _ => { });
        }
    }

    private TopicPartition[] Expired(ClassicGroup? group, CommittedOffsets offsets)
    {
        long retentionMs = (long)_services.Options.OffsetsRetention.TotalMilliseconds;
        if (group?.ProtocolType is null)
        {
            return offsets.Expired(NowMs, retentionMs, sinceMs: 0, keptTopics: FrozenSet<string>.Empty);
        }

        if (group.State == GroupState.Empty)
        {
            return offsets.Expired(NowMs, retentionMs, group.StateSinceMs, keptTopics: FrozenSet<string>.Empty);
        }

        return group.State == GroupState.Stable && group.SubscribedTopics() is { } subscribed
            ? offsets.Expired(NowMs, retentionMs, sinceMs: 0, subscribed)
            : [];
    }

    private void RemoveOffsets(string groupId, CommittedOffsets offsets, TopicPartition[] partitions)
    {
        if (partitions.Length == 0)
        {
            return;
        }

        _store.Append([.. partitions.Select(partition => GroupRecords.Offset(groupId, partition, null))], NowMs, stored =>
        {
            if (stored == ErrorCode.None)
            {
                Array.ForEach(partitions, offsets.Remove);
                if (offsets.Count == 0)
                {
                    _offsets.Remove(groupId);
                }
            }
        });
    }

    private sealed record ExpireOffsets
    {
        public static readonly ExpireOffsets Instance = new();
    }
}
