using System.Buffers;
using System.Buffers.Binary;
using Broker.Shared;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.ConditionalLogs.LogFixture;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>G10: a slot that was taken and is not there is told from one that nobody has taken yet.</summary>
public sealed class LogGapTests
{
    private readonly InMemoryObjectStore _store = new();

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 5)]
    [InlineData(3, 3)]
    [InlineData(3, 6)]
    public async Task A_missing_slot_in_the_middle_fails_the_opening_and_nothing_is_written_G10(int maxInFlight, int missing)
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1, maxInFlight));
        for (int i = 0; i < 12; i++)
        {
            await log.AppendAsync($"{i}");
        }

        await LoseAsync(missing);
        IReadOnlyList<string> keys = _store.Keys;

        StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(_store, Options(2, maxInFlight)));

        Assert.Contains(Key(missing), error.Message, StringComparison.Ordinal);
        Assert.Matches("has lost .* but '.*' beyond it", error.Message);
        Assert.Equal(keys, _store.Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Every_slot_that_later_ones_prove_is_missed_G10(int maxInFlight)
    {
        for (int life = 1; life <= 3; life++)
        {
            (ConditionalLog log, _) = await OpenAsync(_store, Options(life, maxInFlight));
            await log.AppendAsync($"{life}a");
            await log.AppendAsync($"{life}b");
        }

        // Of the last slot nothing tells.
        long end = _store.Keys.Count - 1;
        for (long slot = 0; slot < end - 1; slot++)
        {
            InMemoryObjectStore damaged = _store.Clone();
            await damaged.DeleteAsync(new ObjectKey(Key(slot)), default);
            StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(damaged, Options(9, maxInFlight)));
            Assert.Contains(Key(slot), error.Message, StringComparison.Ordinal);
        }
    }

    // Nothing beyond it tells of the last one.
    [Fact]
    public async Task A_log_that_ends_before_what_its_next_owner_has_seen_is_not_opened_and_nothing_is_written_G10()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1, 1));
        await log.AppendAsync("a");
        long last = await log.AppendAsync("b");
        await LoseAsync((int)last);
        IReadOnlyList<string> keys = _store.Keys;
        ConditionalLogOptions knowing = Options(2, 1) with { KnownSlots = last + 1 };

        StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(_store, knowing));

        Assert.Contains(Key(last), error.Message, StringComparison.Ordinal);
        Assert.Equal(keys, _store.Keys);
        await OpenAsync(_store, knowing with { KnownSlots = last });
    }

    [Fact]
    public async Task A_slot_missing_before_the_fences_of_an_opener_that_then_died_is_missed_G10()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        await log.AppendAsync("a");
        await log.AppendAsync("lost");
        await OpenAsync(_store, Options(2));
        await LoseAsync(2);

        await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(_store, Options(3)));
    }

    [Fact]
    public async Task A_slot_missing_within_k_before_a_later_takeovers_data_is_missed_G10()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1, maxInFlight: 8));
        await log.AppendAsync("a");
        (ConditionalLog next, _) = await OpenAsync(_store, Options(2, maxInFlight: 8));
        long slot = await next.AppendAsync("b");
        await LoseAsync(slot - 1);

        await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(_store, Options(3, maxInFlight: 8)));
    }

    [Fact]
    public async Task A_gap_of_puts_that_were_in_flight_is_no_damage_G10()
    {
        TaskCompletionSource landing = new();
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1, maxInFlight: 3));
        await log.AppendAsync("0");
        (log, _) = await OpenAsync(new HeldObjectStore(_store, landing.Task), Options(2, maxInFlight: 3));
        Task<long>[] together = [log.AppendAsync("1"), log.AppendAsync("2"), log.AppendAsync("3")];
        landing.SetResult();
        long[] slots = await Task.WhenAll(together);
        await LoseAsync(slots[1]);

        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(3, maxInFlight: 3));

        // Nothing proves that the second of them returned.
        Assert.Equal(["0", "1"], replay.Texts());
    }

    // Entries of version 1 do not say what their writer had settled: then nothing proves it within k.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_slot_that_its_writer_had_settled_before_it_sent_the_next_is_missed_G10(bool isVersionOne)
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1, maxInFlight: 8));
        long slot = 0;
        for (int i = 0; i < 4; i++)
        {
            slot = await log.AppendAsync($"{i}");
        }

        await LoseAsync(slot - 1);
        if (isVersionOne)
        {
            _store.Damage(Key(slot), AsVersionOne);
            (_, List<LogEntry> replay) = await OpenAsync(_store, Options(2, maxInFlight: 8));
            Assert.Equal(["0", "1"], replay.Texts());
        }
        else
        {
            StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(_store, Options(2, maxInFlight: 8)));
            Assert.Contains(Key(slot - 1), error.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] AsVersionOne(byte[] entry)
    {
        byte[] old = [.. entry];
        (old[4], old[7]) = (1, 0);
        uint crc = Crc32C.Append(Crc32C.Compute(old.AsSpan(0, 44)), old.AsSpan(LogFrame.HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(old.AsSpan(44), crc);
        return old;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Fences_of_an_opener_that_leapt_ahead_and_died_are_no_damage_G10(int maxInFlight)
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1, maxInFlight));
        int fences = 0;
        bool isAppending = false;
        FaultyObjectStore leaper = new(_store, (request, _, _) =>
        {
            if (request != StoreRequest.Put || isAppending)
            {
                return Fault.None;
            }

            if (fences++ == 0)
            {
                // The slot that it tries goes to the writer at work: it will leap, and die when its fence ahead is in.
                isAppending = true;
                Assert.True(log.AppendAsync("a").IsCompletedSuccessfully);
                isAppending = false;
                return Fault.None;
            }

            return Fault.CrashAfter;
        });
        await Assert.ThrowsAsync<SimulatedCrashException>(() => OpenAsync(leaper, Options(2, maxInFlight)));
        Assert.Equal(2, fences);

        (ConditionalLog next, List<LogEntry> replay) = await OpenAsync(_store, Options(3, maxInFlight));
        await next.AppendAsync("b");
        Assert.Equal(["a"], replay.Texts());
        (_, List<LogEntry> again) = await OpenAsync(_store, Options(4, maxInFlight));
        Assert.Equal(["a", "b"], again.Texts());
    }

    [Fact]
    public async Task A_slot_that_was_created_while_it_was_listed_is_no_damage_G10()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        for (int i = 0; i < 6; i++)
        {
            await log.AppendAsync($"{i}");
        }

        UnlistedObjectStore racing = new(_store, Key(3));
        LogReader reader = new(racing, Prefix, LogPosition.Start);
        List<LogEntry> entries = [];
        await foreach (LogEntry entry in reader.ReadToEndAsync(default))
        {
            entries.Add(entry);
        }

        Assert.Equal(["0", "1"], entries.Texts());
    }

    [Fact]
    public async Task A_gap_that_a_trim_made_is_NotFound_as_ever_G8()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        for (int i = 0; i < 6; i++)
        {
            await log.AppendAsync($"{i}");
        }

        await log.TrimAsync(log.PositionAfter(4), default);

        await FailsAsync(StorageErrorKind.NotFound, () => OpenAsync(_store, Options(2), LogPosition.Start));
    }

    private static string Key(long slot) => $"{Prefix}/{slot:D19}";

    private ValueTask LoseAsync(long slot) => _store.DeleteAsync(new ObjectKey(Key(slot)), default);

    /// <summary>Leaves one object out of its listings: it came while they were under way.</summary>
    private sealed class UnlistedObjectStore(IObjectStore inner, string unlisted) : IObjectStore
    {
        public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct) =>
            inner.PutAsync(key, body, condition, ct);

        public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct) => inner.GetAsync(key, range, ct);

        public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct) =>
            inner.ReadAsync(key, range, destinations, ct);

        public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => inner.HeadAsync(key, ct);

        public async IAsyncEnumerable<ObjectInfo> ListAsync(
            string prefix, string? startAfter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
        {
            await foreach (ObjectInfo info in inner.ListAsync(prefix, startAfter, ct))
            {
                if (info.Key.Value != unlisted)
                {
                    yield return info;
                }
            }
        }

        public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => inner.DeleteAsync(key, ct);

        public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

        public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);
    }
}
