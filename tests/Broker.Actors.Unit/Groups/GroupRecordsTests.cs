using Broker.Actors.Groups;
using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Unit.Groups;

/// <summary>The records of __consumer_offsets: Kafka's bytes, both ways.</summary>
public sealed class GroupRecordsTests
{
    // By Kafka's definitions: key version 1 (group, topic, partition), value version 3 (offset, epoch, metadata, time).
    [Fact]
    public void Offset_record_has_kafkas_bytes()
    {
        KeyValue record = GroupRecords.Offset("g", new TopicPartition("t", 2), new CommittedOffset(5, 7, "m", 9));

        Assert.Equal("0001" + "000167" + "000174" + "00000002", Convert.ToHexString(record.Key));
        Assert.Equal("0003" + "0000000000000005" + "00000007" + "00016D" + "0000000000000009", Convert.ToHexString(record.Value!));
    }

    // Value version 1: offset, metadata, commit time, time of expiry.
    [Fact]
    public void Offset_record_with_a_time_of_expiry_has_kafkas_bytes_and_comes_back()
    {
        CommittedOffset offset = new(5, -1, "m", 9, 11);
        KeyValue record = GroupRecords.Offset("g", new TopicPartition("t", 2), offset);

        Assert.Equal("0001" + "0000000000000005" + "00016D" + "0000000000000009" + "000000000000000B", Convert.ToHexString(record.Value!));
        Assert.Equal(offset, Assert.IsType<GroupRecord.Offset>(GroupRecords.Decode(record.Key, record.Value)).Value);
    }

    [Fact]
    public void Offset_record_comes_back_as_it_was()
    {
        CommittedOffset offset = new(1L << 40, -1, "metadata ß", 1_700_000_000_000);
        KeyValue record = GroupRecords.Offset("group", new TopicPartition("topic", 3), offset);

        GroupRecord.Offset read = Assert.IsType<GroupRecord.Offset>(GroupRecords.Decode(record.Key, record.Value));

        Assert.Equal(("group", new TopicPartition("topic", 3), offset), (read.GroupId, read.Partition, read.Value!));
    }

    [Fact]
    public void Tombstones_come_back_without_a_value()
    {
        KeyValue offset = GroupRecords.Offset("g", new TopicPartition("t", 0), null);
        KeyValue group = GroupRecords.GroupGone("g");

        Assert.Null(Assert.IsType<GroupRecord.Offset>(GroupRecords.Decode(offset.Key, null)).Value);
        Assert.Null(Assert.IsType<GroupRecord.Group>(GroupRecords.Decode(group.Key, null)).Value);
        Assert.Equal("0002" + "000167", Convert.ToHexString(group.Key));
    }

    [Fact]
    public void Group_record_has_kafkas_bytes()
    {
        GroupScenario scenario = new(("group.initial.rebalance.delay.ms", "0"));
        string member = scenario.Join(metadata: [0xAA]).Value.MemberId;

        KeyValue record = GroupRecords.Group(scenario.Group, new Dictionary<string, byte[]> { [member] = [0xBB] });

        string text(string value) => $"{value.Length:X4}" + Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(value));
        string expected = "0003" + text("consumer") + "00000001" + text("range") + text(member) + $"{scenario.Group.StateSinceMs:X16}" + "00000001"
            + text(member) + "FFFF" + text("client") + text("/127.0.0.1") + $"{GroupScenario.RebalanceMs:X8}" + $"{GroupScenario.SessionMs:X8}" + "00000001AA" + "00000001BB";
        Assert.Equal(expected, Convert.ToHexString(record.Value!));
    }

    [Fact]
    public void Record_of_a_newer_kind_is_passed_over() => Assert.Null(GroupRecords.Decode(new byte[] { 0, 9, 1 }, new byte[] { 0 }));

    [Fact]
    public void Truncated_record_is_a_protocol_error()
    {
        KeyValue record = GroupRecords.Offset("g", new TopicPartition("t", 2), new CommittedOffset(5, 7, "m", 9));

        for (int length = 0; length < record.Key.Length; length++)
        {
            Assert.ThrowsAny<ProtocolException>(() => GroupRecords.Decode(record.Key.AsMemory(0, length), record.Value));
        }

        for (int length = 0; length < record.Value!.Length; length++)
        {
            Assert.ThrowsAny<ProtocolException>(() => GroupRecords.Decode(record.Key, record.Value.AsMemory(0, length)));
        }
    }

    // The numbers are Kafka's: Utils.abs(groupId.hashCode) % 50, with Java's hash.
    [Theory]
    [InlineData("", 0)]
    [InlineData("a", 97 % 50)]
    [InlineData("test-group", 12)]
    public void Group_lies_in_the_partition_that_kafka_computes(string group, int partition) =>
        Assert.Equal(partition, GroupDirectory.PartitionOf(group, 50));
}
