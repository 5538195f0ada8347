using System.Buffers;

namespace Broker.ObjectStore.Cluster;

/// <summary>
/// A lease in the object store: one owner has it at a time, for a while. Clocks decide when it has ended, so it says who goes on and who gives up, and is no fence: nothing that is written
/// rests on it.
/// </summary>
/// <param name="store">The cluster's.</param>
/// <param name="name">Which lease.</param>
/// <param name="owner">Who wants it: a name that nobody else has.</param>
/// <param name="timeToLive">How long it is held; more than clocks are apart.</param>
/// <param name="clock">This owner's.</param>
/// <param name="ids">For the PUTs.</param>
public sealed class StoreLease(IObjectStore store, string name, string owner, TimeSpan timeToLive, TimeProvider clock, IIdSource ids)
{
    private readonly ObjectKey _key = new($"cluster/leases/{name}");
    private long _expiresMs;

    /// <summary>Whether it is held, by the own clock.</summary>
    public bool IsHeld => NowMs() < Interlocked.Read(ref _expiresMs);

    /// <summary>Takes it, or holds it longer.</summary>
    /// <returns>False: another has it.</returns>
    /// <exception cref="StorageException">As the store says; Unavailable: nobody knows.</exception>
    public async ValueTask<bool> AcquireAsync(CancellationToken ct)
    {
        (LeaseEntry Entry, string ETag)? found = await ReadAsync(ct);
        if (found is var (held, _) && held.Owner != owner && NowMs() < held.ExpiresMs)
        {
            return false;
        }

        LeaseEntry entry = new(owner, ids.Next(), NowMs() + (long)timeToLive.TotalMilliseconds);
        bool isHeld = await WriteAsync(entry, found?.ETag, ct);
        Interlocked.Exchange(ref _expiresMs, isHeld ? entry.ExpiresMs : 0);
        return isHeld;
    }

    /// <summary>Gives it back.</summary>
    /// <returns>False: it was not held.</returns>
    /// <exception cref="StorageException">As the store says; it ends by itself then.</exception>
    public async ValueTask<bool> ReleaseAsync(CancellationToken ct)
    {
        Interlocked.Exchange(ref _expiresMs, 0);
        return await ReadAsync(ct) is var (held, etag) && held.Owner == owner && held.ExpiresMs > 0 && await WriteAsync(held with { WriteId = ids.Next(), ExpiresMs = 0 }, etag, ct);
    }

    private async ValueTask<(LeaseEntry Entry, string ETag)?> ReadAsync(CancellationToken ct)
    {
        // HEAD before GET: if it changes in between, the etag is the older one, and a PUT on it fails.
        if (await store.HeadAsync(_key, ct) is not { } info)
        {
            return null;
        }

        return (await SecondLook.ReadAsync(async () => LeaseEntry.Decode(_key, await store.GetAsync(_key, ByteRange.All, ct))), info.ETag);
    }

    private async ValueTask<bool> WriteAsync(LeaseEntry entry, string? seen, CancellationToken ct)
    {
        PutCondition condition = (seen is null ? PutCondition.IfAbsent : PutCondition.IfMatch(seen)).WithWriteId(entry.WriteId);
        PutResult result = await store.PutAsync(_key, new ReadOnlySequence<byte>(entry.Encode()), condition, ct);
        return result.Outcome switch
        {
            PutOutcome.Written => true,
            PutOutcome.ConditionFailed => false,

            // The entry itself says whose it is.
            _ => await ReadAsync(ct) is var (found, _) && found.WriteId == entry.WriteId
                ? true
                : throw new StorageException(StorageErrorKind.Unavailable, $"whether '{_key}' was written is unknown", result.Cause),
        };
    }

    private long NowMs() => clock.GetUtcNow().ToUnixTimeMilliseconds();
}
