using System.Buffers;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.ConditionalLogs.LogFixture;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>The conditional log by example; the guarantees G1 to G11 stand at <see cref="ConditionalLog"/>.</summary>
public sealed class ConditionalLogTests
{
    private readonly InMemoryObjectStore _store = new();

    [Fact]
    public async Task Appends_come_back_in_order_at_their_slots_G3()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        long[] slots = [await log.AppendAsync("a"), await log.AppendAsync("b"), await log.AppendAsync("c")];
        (ConditionalLog next, List<LogEntry> replay) = await OpenAsync(_store, Options(2));
        Assert.Equal(["a", "b", "c"], replay.Texts());
        Assert.Equal(slots, replay.Select(entry => entry.Slot));
        Assert.Equal((1L, 2L), (log.Epoch, next.Epoch));
    }

    [Fact]
    public async Task A_second_opener_fences_the_first_for_ever_G6_G7()
    {
        (ConditionalLog first, _) = await OpenAsync(_store, Options(1));
        await first.AppendAsync("a");
        (ConditionalLog second, _) = await OpenAsync(_store, Options(2));
        await FailsAsync(StorageErrorKind.Fenced, () => first.AppendAsync("late"));
        await second.AppendAsync("b");
        await FailsAsync(StorageErrorKind.Fenced, () => first.AppendAsync("later"));
        Assert.Equal(StorageErrorKind.Fenced, first.Failure!.Kind);
        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(3));
        Assert.Equal(["a", "b"], replay.Texts());
    }

    [Fact]
    public async Task Epochs_rise_even_above_a_wished_one_G2()
    {
        (ConditionalLog first, _) = await OpenAsync(_store, Options(1) with { MinEpoch = 7 });
        (ConditionalLog second, _) = await OpenAsync(_store, Options(2) with { MinEpoch = 3 });
        Assert.Equal((7L, 8L), (first.Epoch, second.Epoch));
    }

    [Fact]
    public async Task A_late_put_after_a_gap_is_void_and_was_never_acknowledged_G5()
    {
        // Slot 3 (k = 2, fences in 0 and 1) is lost on its way, slot 4 has landed.
        FaultyObjectStore client = new(
            _store, (request, key, _) => request == StoreRequest.Put && key.Value.EndsWith("03", StringComparison.Ordinal) ? Fault.UnknownLate : Fault.None);
        (ConditionalLog first, _) = await OpenAsync(client, Options(1, maxInFlight: 2) with { ResolveTimeout = TimeSpan.FromSeconds(1) });
        await first.AppendAsync("two");
        Task<long> three = first.AppendAsync("three");
        Task<long> four = first.AppendAsync("four");
        await FailsAsync(StorageErrorKind.Unavailable, () => three);
        await FailsAsync(StorageErrorKind.Unavailable, () => four);
        (ConditionalLog second, List<LogEntry> replay) = await OpenAsync(_store, Options(2, maxInFlight: 2));
        Assert.Equal(["two"], replay.Texts());
        Assert.All(await client.DeliverLateAsync(), outcome => Assert.Equal(PutOutcome.ConditionFailed, outcome));
        await second.AppendAsync("next");
        (_, List<LogEntry> again) = await OpenAsync(_store, Options(3, maxInFlight: 2));
        Assert.Equal(["two", "next"], again.Texts());
    }

    [Fact]
    public async Task A_put_with_a_lost_answer_is_found_by_reading_back_G3()
    {
        // Every other PUT is applied with its answer lost, the others get lost themselves.
        int puts = 0;
        FaultyObjectStore client = new(_store, (request, key, _) =>
            request != StoreRequest.Put ? Fault.None : puts++ % 2 == 0 ? Fault.UnknownLost : Fault.UnknownApplied);
        await OpenAsync(_store, Options(1));
        (ConditionalLog log, _) = await OpenAsync(client, Options(2));
        Assert.Equal(2, await log.AppendAsync("x"));
        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(3));
        Assert.Equal(["x"], replay.Texts());
    }

    [Fact]
    public async Task A_refused_append_gives_its_slot_back_and_the_next_one_succeeds_G5()
    {
        bool isDown = false;
        FaultyObjectStore client = new(_store, (_, _, _) => isDown ? Fault.Refuse : Fault.None);
        (ConditionalLog log, _) = await OpenAsync(client, Options(1, maxInFlight: 2));
        isDown = true;
        await FailsAsync(StorageErrorKind.Unavailable, () => log.AppendAsync("lost"));
        await FailsAsync(StorageErrorKind.Unavailable, () => log.AppendAsync("lost too"));
        Assert.Null(log.Failure);
        isDown = false;
        await log.AppendAsync("a");
        await log.AppendAsync("b");
        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(2, maxInFlight: 2));
        Assert.Equal(["a", "b"], replay.Texts());
    }

    [Fact]
    public async Task A_reader_behind_the_boundary_gets_NotFound_and_trimmed_names_are_not_used_again_G1_G8()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        for (int i = 0; i < 5; i++)
        {
            await log.AppendAsync($"{i}");
        }

        LogPosition middle = log.PositionAfter(3);
        await log.TrimAsync(middle, default);
        await log.TrimAsync(middle, default);
        LogPosition start = (await LogReader.FindStartAsync(_store, Prefix, default))!.Value;
        Assert.Equal(middle, start);
        await FailsAsync(StorageErrorKind.NotFound, () => OpenAsync(_store, Options(2), LogPosition.Start));
        (ConditionalLog next, List<LogEntry> replay) = await OpenAsync(_store, Options(3), middle);
        Assert.Equal(["3", "4"], replay.Texts());
        Assert.Equal(7, await next.AppendAsync("5"));

        // Slot 0 was a fence, and fences stay.
        Assert.Equal(["log/0000000000000000000", "log/0000000000000000004"], _store.Keys.Take(2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task An_opener_that_slept_through_a_trim_does_not_take_a_deleted_slot_G8(int trimmedEntries)
    {
        (ConditionalLog first, _) = await OpenAsync(_store, Options(1));
        bool hasRun = false;
        FaultyObjectStore sleeper = new(_store, (request, key, _) =>
        {
            if (!hasRun && request == StoreRequest.Put)
            {
                // While its fence for slot 1 is on the way, others fill, trim and delete that slot.
                hasRun = true;
                Task others = FillAndTrimAsync(first, trimmedEntries);
                Assert.True(others.IsCompletedSuccessfully);
            }

            return Fault.None;
        });
        await FailsAsync(StorageErrorKind.NotFound, () => OpenAsync(sleeper, Options(2)));
        Assert.True(hasRun);
        await first.AppendAsync("goes on");
        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(3));
        Assert.Equal(["goes on"], replay.Texts());
    }

    // Slots 2 and below are trimmed; a fence that had been under way since before takes slot 2 again, where an owner's entry was.
    [Fact]
    public async Task Reader_that_began_below_the_boundary_is_told_so_when_a_late_fence_lies_in_a_trimmed_slot_G3()
    {
        InMemoryObjectStore store = new();
        (ConditionalLog log, _) = await OpenAsync(store, Options(1));
        LogPosition early = default;
        for (int i = 0; i < 4; i++)
        {
            await log.AppendAsync($"{i}");
            early = i == 0 ? log.Tail : early;
        }

        LogPosition boundary = early with { NextSlot = early.NextSlot + 1 };
        await log.TrimAsync(boundary, default);
        (ReadOnlySequence<byte> late, _) = LogFrame.Encode(LogFrameKind.FenceAhead, early.NextSlot, log.Epoch, Guid.NewGuid(), ReadOnlySequence<byte>.Empty);
        await store.PutAsync(new LogKeys(Prefix).Slot(early.NextSlot), late, PutCondition.IfAbsent, default);

        await FailsAsync(StorageErrorKind.NotFound, async () =>
        {
            await foreach (LogEntry entry in new LogReader(store, Prefix, early).ReadToEndAsync(default))
            {
                Assert.Fail($"slot {entry.Slot} was taken for valid");
            }
        });
        Assert.Equal(["2", "3"], await new LogReader(store, Prefix, boundary).ReadToEndAsync(default).Select(entry => entry.Text()).ToListAsync());
    }

    private static async Task FillAndTrimAsync(ConditionalLog log, int entries)
    {
        for (int i = 0; i < entries; i++)
        {
            await log.AppendAsync($"{i}");
        }

        await log.TrimAsync(log.Tail, default);
    }

    [Fact]
    public async Task A_log_is_not_opened_with_more_in_flight_than_it_was_made_for()
    {
        await OpenAsync(_store, Options(1, maxInFlight: 2));
        await OpenAsync(_store, Options(2, maxInFlight: 1));
        await FailsAsync(StorageErrorKind.Invalid, () => OpenAsync(_store, Options(3, maxInFlight: 3)));
    }

    [Fact]
    public async Task A_damaged_entry_fails_the_opening_and_nothing_is_written_G9()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        await log.AppendAsync("payload");
        string key = "log/0000000000000000001";
        byte[] good = _store.Read(key);
        for (int position = 0; position < good.Length; position++)
        {
            InMemoryObjectStore damaged = _store.Clone();
            damaged.Damage(key, bytes =>
            {
                bytes[position] ^= 0x10;
                return bytes;
            });
            StorageException error = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(damaged, Options(2)));
            Assert.Contains(error.Kind, new[] { StorageErrorKind.Corrupt, StorageErrorKind.Invalid });
            Assert.Contains(key, error.Message, StringComparison.Ordinal);
            Assert.Equal(_store.Keys, damaged.Keys);
        }
    }

    [Fact]
    public async Task A_newer_version_is_Invalid_and_says_so_G9()
    {
        await OpenAsync(_store, Options(1));
        foreach (string key in new[] { "log/0000000000000000000", "log/boundary" })
        {
            InMemoryObjectStore newer = _store.Clone();
            newer.Damage(key, bytes =>
            {
                bytes[4] = 3;
                return bytes;
            });
            StorageException error = await FailsAsync(StorageErrorKind.Invalid, () => OpenAsync(newer, Options(2)));
            Assert.Contains("version 3", error.Message, StringComparison.Ordinal);
        }
    }

    // What is in the store is whole: one answer was not. A bit of the version makes it a newer one.
    [Fact]
    public async Task Answer_that_was_damaged_on_its_way_is_asked_for_again_whatever_it_seems_to_be()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        await log.AppendAsync("payload");
        int length = _store.Read("log/0000000000000000001").Length;
        for (int position = 0; position < length; position++)
        {
            (_, List<LogEntry> read) = await OpenAsync(new OneDamagedAnswer(_store.Clone(), "log/0000000000000000001", position), Options(2));

            Assert.Equal(["payload"], read.Select(entry => entry.Text()));
        }
    }

    private sealed class OneDamagedAnswer(IObjectStore inner, string key, int position) : ForwardingObjectStore(inner)
    {
        private bool _isDone;

        public override async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey asked, ByteRange range, CancellationToken ct)
        {
            byte[] bytes = (await base.GetAsync(asked, range, ct)).ToArray();
            if (asked.Value == key && !_isDone)
            {
                _isDone = true;
                bytes[position] ^= 0x80;
            }

            return bytes;
        }
    }

    [Fact]
    public async Task The_bytes_of_an_entry_and_a_boundary_are_as_documented()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(5, maxInFlight: 1));
        await log.AppendAsync("hi");
        string writer = log.WriterId.ToString("n").ToUpperInvariant();
        Assert.StartsWith(
            "42434C47" + "0200" + "0300" + "0100000000000000" + "0100000000000000" + writer + "02000000",
            Convert.ToHexString(_store.Read("log/0000000000000000001")),
            StringComparison.Ordinal);
        Assert.EndsWith("6869", Convert.ToHexString(_store.Read("log/0000000000000000001")), StringComparison.Ordinal);
        Assert.StartsWith(
            "42434C42" + "0100" + "0100" + "0000000000000000" + "0000000000000000" + new string('0', 32) + "0000000000000000" + "00000000",
            Convert.ToHexString(_store.Read("log/boundary")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_after_a_lost_slot_are_void_even_when_no_one_took_over_G4_G5()
    {
        // Slot 2 of our three in flight goes to an opener that gives up (its fence has an epoch that is taken), 3 and 4 have landed.
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1, maxInFlight: 3));
        await log.AppendAsync("three");
        SlotWriter rival = new(_store, new LogKeys(Prefix), Options(9));
        SlotResult taken = await rival.PutAsync(LogFrameKind.Fence, 4, log.Epoch, Guid.NewGuid(), ReadOnlySequence<byte>.Empty);
        Assert.Equal(SlotOutcome.Won, taken.Outcome);
        Task<long>[] lost = [log.AppendAsync("four"), log.AppendAsync("five"), log.AppendAsync("six")];
        foreach (Task<long> append in lost)
        {
            await FailsAsync(StorageErrorKind.Fenced, () => append);
        }

        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(2, maxInFlight: 3));
        Assert.Equal(["three"], replay.Texts());
    }

    [Fact]
    public async Task Too_many_waiting_appends_are_refused()
    {
        TaskCompletionSource hold = new();
        (ConditionalLog log, _) = await OpenAsync(new HeldObjectStore(_store, hold.Task), Options(1) with { MaxWaiting = 3 });
        Task<long>[] waiting = [.. Enumerable.Range(0, 4).Select(i => log.AppendAsync($"{i}"))];
        await FailsAsync(StorageErrorKind.Unavailable, () => log.AppendAsync("one too many"));
        hold.SetResult();
        long[] slots = await Task.WhenAll(waiting);
        Assert.Equal([1, 2, 3, 4], slots);
    }

    [Fact]
    public async Task An_empty_payload_is_Invalid()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        await FailsAsync(StorageErrorKind.Invalid, async () => await log.AppendAsync(ReadOnlySequence<byte>.Empty, default));
    }
}
