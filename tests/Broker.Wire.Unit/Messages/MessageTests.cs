using System.Buffers;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;
using Broker.Wire.Records;

namespace Broker.Wire.Unit.Messages;

public class MessageTests
{
    [Fact]
    public void Field_that_a_version_lacks_is_refused_when_it_must_not_be_dropped()
    {
        JoinGroupRequest request = new() { GroupId = "g", ProtocolType = "consumer", GroupInstanceId = "instance" };
        UnsupportedFieldException problem = Assert.Throws<UnsupportedFieldException>(() => request.GetSize(4));
        Assert.Equal(("JoinGroupRequest", "GroupInstanceId", (short)4), (problem.MessageName, problem.FieldName, problem.Version));
        Assert.Throws<UnsupportedFieldException>(() => Write(request, 4));
        Assert.NotEmpty(Write(request, 5));
    }

    [Fact]
    public void Ignorable_field_that_a_version_lacks_is_dropped()
    {
        MetadataResponse response = new() { ClusterId = "cluster" };
        Assert.Null(Read<MetadataResponse>(Write(response, 1), 1).ClusterId);
        Assert.Equal("cluster", Read<MetadataResponse>(Write(response, 2), 2).ClusterId);
    }

    [Fact]
    public void Null_is_refused_in_versions_that_cannot_carry_it()
    {
        MetadataRequest request = new() { Topics = null };
        Assert.Equal("Topics", Assert.Throws<UnsupportedFieldException>(() => request.GetSize(0)).FieldName);
        Assert.Null(Read<MetadataRequest>(Write(request, 1), 1).Topics);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(14)]
    [InlineData(-1)]
    public void Version_outside_the_schema_is_refused(short version)
    {
        Assert.Throws<UnsupportedVersionException>(() => new ProduceRequest().GetSize(version));
        Assert.Throws<UnsupportedVersionException>(() => Write(new ProduceRequest(), version));
        Assert.Throws<UnsupportedVersionException>(() => Read<ProduceRequest>([], version));
    }

    [Fact]
    public void Tagged_field_is_off_the_wire_while_it_has_its_default()
    {
        FetchResponse.PartitionData partition = new();
        int plain = partition.GetSize(12);
        partition.CurrentLeader.LeaderEpoch = 3;
        Assert.Equal(plain + 2 + 9, partition.GetSize(12));
    }

    [Fact]
    public void Unknown_tagged_field_is_refused_in_versions_without_tags()
    {
        MetadataRequest request = new() { UnknownTaggedFields = [new RawTaggedField(100, [1])] };
        Assert.Throws<UnsupportedFieldException>(() => request.GetSize(8));
        Assert.Equal(100u, Read<MetadataRequest>(Write(request, 9), 9).UnknownTaggedFields![0].Tag);
    }

    [Fact]
    public void Defaults_are_those_of_the_schema()
    {
        FetchRequest request = new();
        Assert.Equal((-1, int.MaxValue, -1, ""), (request.ReplicaId, request.MaxBytes, request.SessionEpoch, request.RackId));
        Assert.Equal(-1, request.ReplicaState.ReplicaEpoch);
        Assert.Equal(long.MaxValue, new FetchRequest.FetchPartition().HighWatermark);
        Assert.Null(new FetchResponse.PartitionData().Records);
        Assert.NotNull(new ShareFetchResponse.PartitionData().Records);
        Assert.True(new MetadataRequest().AllowAutoTopicCreation);
    }

    [Fact]
    public void Stored_record_carries_its_version_in_front()
    {
        OffsetCommitKey key = new() { Group = "g", Topic = "t", Partition = 2 };
        byte[] bytes = VersionedRecord.Write(key, 1);
        Assert.Equal("0001" + "000167" + "000174" + "00000002", Convert.ToHexStringLower(bytes));
        Assert.Equal(1, VersionedRecord.ReadVersion(bytes));
        Assert.Equal(2, VersionedRecord.Read<OffsetCommitKey>(bytes).Partition);
    }

    [Fact]
    public void Stored_record_is_refused_when_its_version_is_unknown_or_bytes_follow()
    {
        Assert.Throws<UnsupportedVersionException>(() => VersionedRecord.Read<OffsetCommitKey>(Convert.FromHexString("0002000167")));
        Assert.Throws<MalformedMessageException>(() => VersionedRecord.Read<GroupMetadataKey>(Convert.FromHexString("000200016700")));
        Assert.Throws<MalformedMessageException>(() => VersionedRecord.Read<GroupMetadataKey>(new byte[1]));
    }

    private static byte[] Write(IKafkaMessage message, short version)
    {
        ArrayBufferWriter<byte> output = new();
        WireWriter writer = new(output);
        message.Write(ref writer, version);
        writer.Commit();
        return output.WrittenSpan.ToArray();
    }

    private static T Read<T>(byte[] bytes, short version)
        where T : class, IReadable<T>
    {
        WireReader reader = new(bytes);
        return T.Read(ref reader, version);
    }
}
