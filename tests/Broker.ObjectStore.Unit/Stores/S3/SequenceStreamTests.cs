using System.Buffers;
using Broker.ObjectStore.S3;

namespace Broker.ObjectStore.Unit.Stores.S3;

public sealed class SequenceStreamTests
{
    [Fact]
    public void Reads_and_seeks_as_a_stream_over_the_joined_bytes_does()
    {
        const int Seed = 11;
        Random random = new(Seed);
        for (int round = 0; round < 200; round++)
        {
            byte[] bytes = new byte[random.Next(0, 400)];
            random.NextBytes(bytes);
            using SequenceStream stream = new(Cut(bytes, random));
            using MemoryStream expected = new(bytes);
            Assert.Equal(expected.Length, stream.Length);
            for (int step = 0; step < 20; step++)
            {
                if (random.Next(3) == 0)
                {
                    stream.Position = expected.Position = random.Next(0, bytes.Length + 1);
                }

                byte[] mine = new byte[random.Next(0, 100)];
                byte[] theirs = new byte[mine.Length];
                Assert.True(expected.Read(theirs) == stream.Read(mine), $"seed {Seed}, round {round}, step {step}");
                Assert.Equal(theirs, mine);
                Assert.Equal(expected.Position, stream.Position);
            }
        }
    }

    [Fact]
    public async Task Memory_is_not_read_after_the_call_has_ended()
    {
        SequenceStream stream = new(new ReadOnlySequence<byte>(new byte[10]));
        await stream.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => stream.Read(new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await stream.ReadExactlyAsync(new byte[1]));
    }

    private static ReadOnlySequence<byte> Cut(byte[] bytes, Random random)
    {
        Segment first = new(ReadOnlyMemory<byte>.Empty, 0);
        Segment last = first;
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(random.Next(0, 50), bytes.Length - at);
            last = last.Append(bytes.AsMemory(at, length));
            at += length;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        internal Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        internal Segment Append(ReadOnlyMemory<byte> memory)
        {
            Segment next = new(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
