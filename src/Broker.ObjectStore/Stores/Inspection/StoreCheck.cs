using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Inspection;

/// <summary>One operation that was tried.</summary>
/// <param name="Name">What the broker needs the store to do.</param>
/// <param name="Elapsed">How long its request, or the longest of its requests, took.</param>
/// <param name="Failure">What was wrong, or null when it works.</param>
public sealed record StoreCheckResult(string Name, TimeSpan Elapsed, string? Failure);

/// <summary>
/// Tries every operation that the broker needs on a store, under keys of its own, which it removes: that requests are answered, and that the answers are
/// those of <see cref="IObjectStore"/>. Servers that speak S3's protocol differ most in conditional PUTs, on which every promise of the log rests.
/// Harms nothing that runs on the store.
/// </summary>
public sealed class StoreCheck(IObjectStore store, IIdSource ids, TimeProvider time)
{
    /// <summary>Of the body that parts and ranges are tried on: one full part and a little.</summary>
    private const int LargeBytes = IMultipartUpload.MinPartBytes + 1024;

    /// <summary>How many clients race for one key: more than a cluster has coordinators at any moment.</summary>
    private const int Racers = 8;

    private readonly string _prefix = $"check/{ids.Next():n}/";
    private readonly byte[] _large = Pattern(LargeBytes);

    private TimeSpan _longest;

    /// <summary>
    /// Tries one operation after the other, also after one that failed; but nothing more when the first gets no answer, or two that follow each other, as a store that is out of reach
    /// would have each of them wait. That something is denied is an answer, but to the first. Errors of the store are results.
    /// </summary>
    /// <exception cref="OperationCanceledException">Through <paramref name="ct"/>; what was written under <c>check/</c> may remain.</exception>
    public async IAsyncEnumerable<StoreCheckResult> RunAsync([EnumeratorCancellation] CancellationToken ct)
    {
        // As if there were an unanswered one before the first.
        bool wasAnswered = false;
        bool isFirst = true;
        foreach ((string name, Func<CancellationToken, Task<string?>> attempt) in Attempts())
        {
            _longest = TimeSpan.Zero;
            string? failure;
            bool isAnswered = true;
            try
            {
                failure = await attempt(ct);
            }
            catch (StorageException error)
            {
                (failure, isAnswered) = (error.Message, error.Kind != StorageErrorKind.Unavailable || (error is StoreDeniedException && !isFirst));
            }

            yield return new StoreCheckResult(name, _longest, failure);
            if (!isAnswered && !wasAnswered)
            {
                yield break;
            }

            (wasAnswered, isFirst) = (isAnswered, false);
        }
    }

    private IEnumerable<(string Name, Func<CancellationToken, Task<string?>> Attempt)> Attempts() =>
    [
        ("create an object if absent", CreateAsync),
        ("refuse to create it again", RefuseSecondAsync),
        ("let one of many creators win", RaceAsync),
        ("replace it if unchanged", ReplaceAsync),
        ("refuse to replace it if changed", RefuseStaleAsync),
        ("write 5 MiB", WriteLargeAsync),
        ("read all of it", ReadAllAsync),
        ("read a range", ReadRangeAsync),
        ("read its end", ReadEndAsync),
        ("describe it, with the id of its write", DescribeAsync),
        ("write in parts", WritePartsAsync),
        ("find unfinished uploads", AbortUploadsAsync),
        ("list a prefix in order", ListAsync),
        ("delete, also what is gone", DeleteAsync),
    ];

    private async Task<string?> CreateAsync(CancellationToken ct)
    {
        PutResult put = await PutAsync("one", [1], PutCondition.IfAbsent, ct);
        return put.Outcome == PutOutcome.Written ? null : $"the PUT's outcome is {put.Outcome}, though there was no such object";
    }

    private async Task<string?> RefuseSecondAsync(CancellationToken ct)
    {
        PutResult put = await PutAsync("one", [2], PutCondition.IfAbsent, ct);
        return put.Outcome == PutOutcome.ConditionFailed
            ? null
            : $"a PUT with If-None-Match: * of an object that exists ends as {put.Outcome}: two writers would overwrite each other";
    }

    private async Task<string?> RaceAsync(CancellationToken ct)
    {
        Task<PutResult>[] racers = [.. Enumerable.Range(0, Racers).Select(i => PutAsync("race", [(byte)i], PutCondition.IfAbsent, ct))];
        PutResult[] results = await Task.WhenAll(racers);
        int[] winners = [.. Enumerable.Range(0, Racers).Where(i => results[i].Outcome == PutOutcome.Written)];
        ReadOnlyMemory<byte> body = await TimedAsync(() => store.GetAsync(Key("race"), ByteRange.All, ct));
        return winners.Length != 1 ? $"{winners.Length} of {Racers} PUTs with If-None-Match: * at a time say that they created the object"
            : body.Span[0] != winners[0] ? "the object has not the body of the PUT that says it created it"
            : null;
    }

    private async Task<string?> ReplaceAsync(CancellationToken ct)
    {
        ObjectInfo? before = await TimedAsync(() => store.HeadAsync(Key("one"), ct));
        PutResult put = await PutAsync("one", [3], PutCondition.IfMatch(before?.ETag ?? "absent"), ct);
        return put.Outcome == PutOutcome.Written ? null : $"a PUT with the object's own etag in If-Match ends as {put.Outcome}";
    }

    private async Task<string?> RefuseStaleAsync(CancellationToken ct)
    {
        PutResult first = await PutAsync("stale", [1], PutCondition.None, ct);
        await PutAsync("stale", [2], PutCondition.None, ct);
        PutResult put = await PutAsync("stale", [3], PutCondition.IfMatch(first.ETag ?? "absent"), ct);
        return put.Outcome == PutOutcome.ConditionFailed ? null : $"a PUT with an outdated etag in If-Match ends as {put.Outcome}";
    }

    private async Task<string?> WriteLargeAsync(CancellationToken ct)
    {
        PutResult put = await PutAsync("large", _large, PutCondition.None, ct);
        return put.Outcome == PutOutcome.Written ? null : $"the PUT's outcome is {put.Outcome}";
    }

    private Task<string?> ReadAllAsync(CancellationToken ct) => ReadAsync("large", ByteRange.All, 0, LargeBytes, ct);

    private Task<string?> ReadRangeAsync(CancellationToken ct) => ReadAsync("large", new ByteRange(100_000, 70_000), 100_000, 70_000, ct);

    private Task<string?> ReadEndAsync(CancellationToken ct) => ReadAsync("large", ByteRange.Suffix(4096), LargeBytes - 4096, 4096, ct);

    private async Task<string?> DescribeAsync(CancellationToken ct)
    {
        Guid writeId = ids.Next();
        await PutAsync("described", [1, 2, 3], PutCondition.None.WithWriteId(writeId), ct);
        ObjectInfo? info = await TimedAsync(() => store.HeadAsync(Key("described"), ct));
        ObjectInfo? absent = await TimedAsync(() => store.HeadAsync(Key("absent"), ct));
        return info is null ? "an object that was written is not found"
            : info.SizeBytes != 3 ? $"an object of 3 bytes is said to have {info.SizeBytes}"
            : info.WriteId != writeId ? "the write id in the object's metadata is not the one that was written: lost answers could not be settled"
            : absent is not null ? "an object that was never written is found"
            : null;
    }

    private async Task<string?> WritePartsAsync(CancellationToken ct)
    {
        await using IMultipartUpload upload = await TimedAsync(() => store.StartMultipartAsync(Key("parts"), ids.Next(), ct));
        await TimedAsync(async () =>
        {
            await upload.UploadPartAsync(1, Body(_large.AsMemory(0, IMultipartUpload.MinPartBytes)), ct);
            await upload.UploadPartAsync(2, Body(_large.AsMemory(IMultipartUpload.MinPartBytes)), ct);
            return true;
        });
        PutResult put = await TimedAsync(() => upload.CompleteAsync(PutCondition.IfAbsent, ct));
        return put.Outcome == PutOutcome.Written ? await ReadAsync("parts", ByteRange.All, 0, LargeBytes, ct) : $"the upload's outcome is {put.Outcome}";
    }

    private async Task<string?> AbortUploadsAsync(CancellationToken ct)
    {
        // Not disposed: what aborts it is under test, and a second abort would count as a request that failed.
        _ = await store.StartMultipartAsync(Key("unfinished"), ids.Next(), ct);
        await TimedAsync(() => store.AbortUploadsAsync(_prefix, _ => true, ct));
        int left = await store.AbortUploadsAsync(_prefix, _ => true, ct);
        return left == 0 ? null : $"{left} unfinished uploads are still listed after they were aborted";
    }

    private async Task<string?> ListAsync(CancellationToken ct)
    {
        // The bytes of the keys decide: capitals come first, and a longer key after its own beginning.
        string[] expected = ["list/B", "list/a", "list/a/b", "list/a0"];
        string[] expectedRest = ["list/a/b", "list/a0"];
        foreach (string name in expected.Reverse())
        {
            await PutAsync(name, [1], PutCondition.None, ct);
        }

        string[] all = await ListedAsync("list/", null, ct);
        string[] rest = await ListedAsync("list/", _prefix + "list/a", ct);
        return !all.SequenceEqual(expected) ? $"listed were {string.Join(", ", all)} instead of {string.Join(", ", expected)}"
            : !rest.SequenceEqual(expectedRest) ? $"after list/a were listed {string.Join(", ", rest)} instead of {string.Join(", ", expectedRest)}"
            : null;
    }

    private async Task<string?> DeleteAsync(CancellationToken ct)
    {
        foreach (string name in await ListedAsync("", null, ct))
        {
            await TimedAsync(async () =>
            {
                await store.DeleteAsync(Key(name), ct);
                return true;
            });
        }

        await store.DeleteAsync(Key("one"), ct);
        string[] left = await ListedAsync("", null, ct);
        return left.Length == 0 ? null : $"still listed after their deletion: {string.Join(", ", left)}";
    }

    private async Task<string?> ReadAsync(string name, ByteRange range, int offset, int length, CancellationToken ct)
    {
        byte[] bytes = new byte[length];
        int read = await TimedAsync(() => store.ReadAsync(Key(name), range, [bytes], ct));
        return read == length && bytes.AsSpan().SequenceEqual(_large.AsSpan(offset, length)) ? null : $"{range} gave {read} bytes, which are not those that were written";
    }

    private async Task<PutResult> PutAsync(string name, byte[] body, PutCondition condition, CancellationToken ct)
    {
        PutResult put = await TimedAsync(() => store.PutAsync(Key(name), Body(body), condition.WriteId == Guid.Empty ? condition.WithWriteId(ids.Next()) : condition, ct));

        // A PUT that nobody answers is no refusal, and so no error of the store's; here it says as little.
        return put.Outcome == PutOutcome.Unknown
            ? throw new StorageException(StorageErrorKind.Unavailable, $"whether the object was written is unknown: {put.Cause?.Message ?? "no answer"}", put.Cause)
            : put;
    }

    private async Task<string[]> ListedAsync(string prefix, string? startAfter, CancellationToken ct)
    {
        List<string> names = [];
        await TimedAsync(async () =>
        {
            await foreach (ObjectInfo info in store.ListAsync(_prefix + prefix, startAfter, ct))
            {
                names.Add(info.Key.Value[_prefix.Length..]);
            }

            return true;
        });
        return [.. names];
    }

    private async Task<T> TimedAsync<T>(Func<ValueTask<T>> request)
    {
        long began = time.GetTimestamp();
        try
        {
            return await request();
        }
        finally
        {
            TimeSpan took = time.GetElapsedTime(began);
            _longest = took > _longest ? took : _longest;
        }
    }

    private ObjectKey Key(string name) => new(_prefix + name);

    private static ReadOnlySequence<byte> Body(ReadOnlyMemory<byte> bytes) => new(bytes);

    private static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
