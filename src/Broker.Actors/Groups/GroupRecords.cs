using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Groups;

/// <summary>What a record of <c>__consumer_offsets</c> says.</summary>
internal abstract record GroupRecord
{
    /// <param name="Value">Null: the offset is gone.</param>
    public sealed record Offset(string GroupId, TopicPartition Partition, CommittedOffset? Value) : GroupRecord;

    /// <param name="Value">Null: the group is gone.</param>
    public sealed record Group(string GroupId, GroupMetadataValue? Value) : GroupRecord;
}

/// <summary>A record's key and value as bytes; a null value removes.</summary>
internal readonly record struct KeyValue(byte[] Key, byte[]? Value);

/// <summary>
/// Writes and reads the records of <c>__consumer_offsets</c> as Kafka does: a 16-bit version, which in a key also tells
/// its kind, and then the message.
/// </summary>
internal static class GroupRecords
{
    private const short OffsetKeyVersion = 1;
    private const short GroupKeyVersion = 2;

    // The newest versions that every broker from 2.1 on reads: no tagged fields.
    private const short OffsetValueVersion = 3;

    /// <summary>The one version that holds a time of expiry.</summary>
    private const short ExpiringOffsetValueVersion = 1;

    private const short GroupValueVersion = 3;

    public static KeyValue Offset(string groupId, TopicPartition partition, CommittedOffset? value)
    {
        OffsetCommitKey key = new() { Group = groupId, Topic = partition.Topic, Partition = partition.Partition };
        OffsetCommitValue? body = value is null ? null : new OffsetCommitValue
        {
            Offset = value.Offset,
            LeaderEpoch = value.LeaderEpoch,
            Metadata = value.Metadata,
            CommitTimestamp = value.CommitTimeMs,
            ExpireTimestamp = value.ExpireTimeMs,
        };
        short version = value is { ExpireTimeMs: >= 0 } ? ExpiringOffsetValueVersion : OffsetValueVersion;
        return new KeyValue(VersionedRecord.Write(key, OffsetKeyVersion), body is null ? null : VersionedRecord.Write(body, version));
    }

    public static KeyValue GroupGone(string groupId) => new(VersionedRecord.Write(new GroupMetadataKey { Group = groupId }, GroupKeyVersion), null);

    public static KeyValue Group(ClassicGroup group, IReadOnlyDictionary<string, byte[]> assignments)
    {
        GroupMetadataValue value = new()
        {
            ProtocolType = group.ProtocolType ?? "",
            Generation = group.Generation,
            Protocol = group.Protocol,
            Leader = group.Leader,
            CurrentStateTimestamp = group.StateSinceMs,
            Members =
            [
                .. group.Members.Values.Select(member => new GroupMetadataValue.MemberMetadata
                {
                    MemberId = member.MemberId,
                    GroupInstanceId = member.GroupInstanceId,
                    ClientId = member.ClientId,
                    ClientHost = member.ClientHost,
                    RebalanceTimeout = member.RebalanceTimeoutMs,
                    SessionTimeout = member.SessionTimeoutMs,
                    Subscription = member.MetadataFor(group.Protocol),
                    Assignment = assignments.GetValueOrDefault(member.MemberId) ?? [],
                }),
            ],
        };
        return new KeyValue(VersionedRecord.Write(new GroupMetadataKey { Group = group.GroupId }, GroupKeyVersion), VersionedRecord.Write(value, GroupValueVersion));
    }

    /// <summary>Reads a record; null for a kind that this build does not know, which a newer one wrote.</summary>
    /// <exception cref="ProtocolException">The bytes are not what their version says.</exception>
    public static GroupRecord? Decode(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        switch (VersionedRecord.ReadVersion(key.Span))
        {
            case 0 or OffsetKeyVersion:
                OffsetCommitKey offset = VersionedRecord.Read<OffsetCommitKey>(key);
                return new GroupRecord.Offset(offset.Group, new TopicPartition(offset.Topic, offset.Partition), DecodeOffset(value));
            case GroupKeyVersion:
                return new GroupRecord.Group(
                    VersionedRecord.Read<GroupMetadataKey>(key).Group,
                    value is { } bytes ? VersionedRecord.Read<GroupMetadataValue>(bytes) : null);
            default:
                return null;
        }
    }

    private static CommittedOffset? DecodeOffset(ReadOnlyMemory<byte>? value)
    {
        if (value is not { } bytes)
        {
            return null;
        }

        OffsetCommitValue body = VersionedRecord.Read<OffsetCommitValue>(bytes);
        return new CommittedOffset(body.Offset, body.LeaderEpoch, body.Metadata, body.CommitTimestamp, body.ExpireTimestamp);
    }
}
