using Broker.Actors.Groups;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Groups;

/// <summary>What a member was given, in bytes of clients.</summary>
public sealed class ConsumerAssignmentTests
{
    private static readonly byte[] Given = [0, 1, 0, 0, 0, 1, 0, 1, (byte)'t', 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 255, 255, 255, 255];

    [Fact]
    public void Partitions_are_read() => Assert.Equal([new TopicPartition("t", 3), new TopicPartition("t", 4)], ConsumerAssignment.PartitionsOf(Given));

    // A later version begins as those before.
    [Fact]
    public void Newer_version_is_read_as_far_as_it_is_known() => Assert.Equal(2, ConsumerAssignment.PartitionsOf((byte[])[0, 99, .. Given.Skip(2), 1, 2, 3]).Count);

    [Fact]
    public void Bytes_that_are_something_else_are_no_partitions()
    {
        for (int length = 0; length < Given.Length; length++)
        {
            Assert.Empty(ConsumerAssignment.PartitionsOf(Given.AsMemory(0, length)));
        }

        Assert.Empty(ConsumerAssignment.PartitionsOf(new byte[] { 255, 255, 255, 255, 255, 255 }));
    }
}
