using Broker.Actors.Partitions;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Partitions;

/// <summary>What an idempotent producer's next batch is taken for (KIP-98, KIP-360; P4 of the partition actor).</summary>
public sealed class ProducerTableTests
{
    private const long Producer = 7;
    private readonly ProducerTable _table = new();
    private long _nextOffset;

    [Fact]
    public void P4_batch_is_a_duplicate_while_it_is_one_of_the_last_five()
    {
        ProducerBatch[] appended = [.. Enumerable.Range(0, 5).Select(i => Append(i * 10, (i * 10) + 9))];

        foreach (ProducerBatch batch in appended)
        {
            ProducerBatch again = batch with { BaseOffset = new Offset(999), LastOffset = new Offset(1008) };
            Assert.Equal(SequenceVerdict.Duplicate, _table.Check(again, out ProducerBatch original));
            Assert.Equal(batch.BaseOffset, original.BaseOffset);
        }
    }

    [Fact]
    public void P4_batch_before_the_last_five_is_out_of_order_when_it_is_repeated()
    {
        ProducerBatch first = Append(0, 9);
        for (int i = 1; i <= 5; i++)
        {
            Append(i * 10, (i * 10) + 9);
        }

        Assert.Equal(SequenceVerdict.OutOfOrder, _table.Check(first, out _));
    }

    [Fact]
    public void Batch_behind_a_gap_is_out_of_order()
    {
        Append(0, 9);

        Assert.Equal(SequenceVerdict.OutOfOrder, Check(11, 12));
        Assert.Equal(SequenceVerdict.OutOfOrder, Check(5, 12));
        Assert.Equal(SequenceVerdict.Accepted, Check(10, 12));
    }

    [Fact]
    public void Batch_of_part_of_a_known_one_is_out_of_order()
    {
        Append(0, 9);

        Assert.Equal(SequenceVerdict.OutOfOrder, Check(0, 8));
    }

    [Fact]
    public void Sequence_goes_on_with_zero_after_the_largest_int()
    {
        Append(int.MaxValue - 1, int.MaxValue);

        Assert.Equal(SequenceVerdict.Accepted, Check(0, 3));
        Assert.Equal(SequenceVerdict.OutOfOrder, Check(1, 3));
    }

    [Fact]
    public void Sequence_may_wrap_within_a_batch()
    {
        ProducerBatch wrapping = Append(int.MaxValue, 1);

        Assert.Equal(SequenceVerdict.Duplicate, _table.Check(wrapping, out _));
        Assert.Equal(SequenceVerdict.Accepted, Check(2, 2));
    }

    [Fact]
    public void Producer_that_is_not_known_is_told_from_a_new_one()
    {
        Assert.Equal(SequenceVerdict.Unknown, Check(1234, 1240));
        Assert.Equal(SequenceVerdict.Accepted, Check(0, 6));
    }

    [Fact]
    public void New_epoch_must_begin_with_zero_and_ends_the_old_one()
    {
        Append(0, 9);

        Assert.Equal(SequenceVerdict.OutOfOrder, Check(10, 10, epoch: 1));
        Assert.Equal(SequenceVerdict.Accepted, Check(0, 0, epoch: 1));
        Append(0, 0, epoch: 1);
        Assert.Equal(SequenceVerdict.StaleEpoch, Check(10, 10, epoch: 0));
    }

    [Fact]
    public void Rollback_takes_back_what_is_not_durable()
    {
        ProducerBatch durable = Append(0, 9);
        _table.MarkDurable(durable);
        Append(10, 19);
        Append(20, 29);

        _table.Rollback(durable.LastOffset + 1);

        Assert.Equal(SequenceVerdict.Accepted, Check(10, 19));
        Assert.Equal(SequenceVerdict.Duplicate, _table.Check(durable, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    public void Rollback_of_all_batches_makes_a_producer_begin_again_where_it_began(int first)
    {
        Append(first, first + 9);
        Append(first + 10, first + 19);

        _table.Rollback(Offset.Zero);

        // What was in flight behind the refused batches arrives now, and must not come before them.
        Assert.Equal(SequenceVerdict.OutOfOrder, Check(first + 20, first + 29));
        Assert.Equal(SequenceVerdict.OutOfOrder, Check(first + 10, first + 19));
        Assert.Equal(SequenceVerdict.Accepted, Check(first, first + 9));
        Append(first, first + 9);
        _table.Rollback(Offset.Zero);
        Assert.Equal(SequenceVerdict.Accepted, Check(first, first + 9));
        Assert.True(ProducerStateCodec.Encode(_table).IsEmpty);
    }

    [Fact]
    public void Rollback_of_a_new_epoch_brings_back_the_old_one()
    {
        ProducerBatch old = Append(0, 9);
        _table.MarkDurable(old);
        Append(0, 4, epoch: 1);

        _table.Rollback(old.LastOffset + 1);

        Assert.Equal(SequenceVerdict.Duplicate, _table.Check(old, out _));
        Assert.Equal(SequenceVerdict.Accepted, Check(10, 12));
    }

    [Fact]
    public void Rollback_after_more_batches_than_are_remembered_keeps_the_durable_sequence()
    {
        ProducerBatch durable = Append(0, 9);
        _table.MarkDurable(durable);
        for (int i = 1; i <= 6; i++)
        {
            Append(i * 10, (i * 10) + 9);
        }

        _table.Rollback(durable.LastOffset + 1);

        Assert.Equal(SequenceVerdict.Accepted, Check(10, 19));
    }

    [Fact]
    public void Expire_forgets_only_what_is_older()
    {
        _table.Append(new ProducerBatch(1, 0, 0, 0, new Offset(0), new Offset(0), 1000));
        _table.Append(new ProducerBatch(2, 0, 0, 0, new Offset(1), new Offset(1), 2000));

        _table.Expire(2000);

        Assert.Equal([2L], _table.Entries.Select(entry => entry.ProducerId));
    }

    [Fact]
    public void Replay_twice_leaves_the_same_as_replay_once()
    {
        ProducerBatch[] log = [.. Enumerable.Range(0, 8).Select(i => Batch(i * 10, (i * 10) + 9, 0, i * 10))];
        foreach (ProducerBatch batch in log.Concat(log))
        {
            _table.Replay(batch);
        }

        ProducerEntry entry = Assert.Single(_table.Entries);
        Assert.Equal(log[3..], entry.Batches);
        Assert.Equal(79, entry.DurableSequence);
    }

    [Fact]
    public void Codec_returns_what_it_was_given()
    {
        ProducerTable table = Filled(seed: 1);

        ProducerTable read = ProducerStateCodec.Decode(ProducerStateCodec.Encode(table).Span);

        Assert.Equal(table.Count, read.Count);
        foreach ((ProducerEntry before, ProducerEntry after) in table.Entries.OrderBy(e => e.ProducerId).Zip(read.Entries.OrderBy(e => e.ProducerId)))
        {
            Assert.Equal((before.ProducerId, before.Epoch, before.DurableSequence, before.LastTimestampMs, before.LastOffset), (after.ProducerId, after.Epoch, after.LastSequence, after.LastTimestampMs, after.LastOffset));
            Assert.Equal(before.Batches, after.Batches);
        }
    }

    [Fact]
    public void Codec_leaves_out_what_is_not_durable()
    {
        ProducerBatch durable = Append(0, 9);
        _table.MarkDurable(durable);
        Append(10, 19);
        _table.Append(new ProducerBatch(Producer + 1, 0, 0, 0, new Offset(50), new Offset(50), 0));

        ProducerEntry read = Assert.Single(ProducerStateCodec.Decode(ProducerStateCodec.Encode(_table).Span).Entries);

        Assert.Equal((Producer, 9), (read.ProducerId, read.LastSequence));
        Assert.Equal([durable], read.Batches);
    }

    [Fact]
    public void Codec_calls_every_truncation_and_every_trailing_byte_corrupt()
    {
        byte[] bytes = ProducerStateCodec.Encode(Filled(seed: 2)).ToArray();
        for (int length = 1; length < bytes.Length; length++)
        {
            StorageException cause = Assert.Throws<StorageException>(() => ProducerStateCodec.Decode(bytes.AsSpan(0, length)));
            Assert.Equal(StorageErrorKind.Corrupt, cause.Kind);
        }

        Assert.Throws<StorageException>(() => ProducerStateCodec.Decode([.. bytes, 0]));
    }

    [Fact]
    public void Codec_refuses_a_newer_version()
    {
        byte[] bytes = ProducerStateCodec.Encode(Filled(seed: 3)).ToArray();
        bytes[0]++;

        StorageException cause = Assert.Throws<StorageException>(() => ProducerStateCodec.Decode(bytes));
        Assert.Contains("version 2", cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Codec_refuses_a_negative_count()
    {
        byte[] bytes = ProducerStateCodec.Encode(Filled(seed: 4)).ToArray();
        bytes.AsSpan(1, 4).Fill(0xff);

        Assert.Throws<StorageException>(() => ProducerStateCodec.Decode(bytes));
    }

    private static ProducerTable Filled(int seed)
    {
        Random random = new(seed);
        ProducerTable table = new();
        long offset = 0;
        for (long producer = 0; producer < 6; producer++)
        {
            int sequence = random.Next(100);
            for (int i = random.Next(1, 8); i > 0; i--)
            {
                ProducerBatch batch = new(producer, (short)random.Next(3), sequence, sequence + 4, new Offset(offset), new Offset(offset + 4), random.NextInt64(1, 1_000_000));
                table.Append(batch);
                table.MarkDurable(batch);
                sequence += 5;
                offset += 5;
            }
        }

        return table;
    }

    private ProducerBatch Append(int baseSequence, int lastSequence, short epoch = 0)
    {
        ProducerBatch batch = Batch(baseSequence, lastSequence, epoch, _nextOffset);
        _nextOffset = batch.LastOffset.Value + 1;
        _table.Append(batch);
        return batch;
    }

    private SequenceVerdict Check(int baseSequence, int lastSequence, short epoch = 0) =>
        _table.Check(Batch(baseSequence, lastSequence, epoch, _nextOffset), out _);

    private static ProducerBatch Batch(int baseSequence, int lastSequence, short epoch, long offset) => new(
        Producer, epoch, baseSequence, lastSequence, new Offset(offset), new Offset(offset + unchecked(lastSequence - baseSequence)), 1000);
}
