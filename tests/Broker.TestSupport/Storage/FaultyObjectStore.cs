using System.Buffers;
using System.Runtime.CompilerServices;
using Broker.ObjectStore;

namespace Broker.TestSupport.Storage;

/// <summary>What befalls a request.</summary>
public enum Fault
{
    None,

    /// <summary>Refused: Unavailable, not applied.</summary>
    Refuse,

    /// <summary>A PUT whose answer is lost before it was applied; it never will be. Other requests: refused.</summary>
    UnknownLost,

    /// <summary>A PUT that is applied, but whose answer is lost. Other requests: refused.</summary>
    UnknownApplied,

    /// <summary>A PUT whose answer is lost, and which is applied at <see cref="FaultyObjectStore.DeliverLateAsync"/>. Other requests: refused.</summary>
    UnknownLate,

    /// <summary>The client dies before the request leaves it.</summary>
    CrashBefore,

    /// <summary>The client dies before the answer reaches it.</summary>
    CrashAfter,

    /// <summary>A PUT that does not end before it is cancelled, and is never applied. Other requests: refused.</summary>
    Hang,
}

/// <summary>The kinds of request.</summary>
public enum StoreRequest
{
    Put,
    Get,
    Head,
    List,
    Delete,
}

/// <summary>The process of this client is dead: nothing after it happens.</summary>
public sealed class SimulatedCrashException() : Exception("the simulated client has crashed");

/// <summary>
/// One client's connection to a store, with faults from a plan (asked for each request with its kind, key and running number).
/// After a crash every request throws. Thread-safe as far as the plan is.
/// </summary>
public sealed class FaultyObjectStore(IObjectStore inner, Func<StoreRequest, ObjectKey, int, Fault> plan) : IObjectStore
{
    private readonly List<(ObjectKey Key, byte[] Body, PutCondition Condition)> _late = [];
    private int _requests;

    /// <summary>How many requests were made.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Whether this client is dead.</summary>
    public bool HasCrashed { get; private set; }

    /// <summary>Lets the PUTs that were still on their way arrive.</summary>
    public async Task<IReadOnlyList<PutOutcome>> DeliverLateAsync()
    {
        List<PutOutcome> outcomes = [];
        (ObjectKey Key, byte[] Body, PutCondition Condition)[] late = [.. _late];
        _late.Clear();
        foreach ((ObjectKey key, byte[] body, PutCondition condition) in late)
        {
            PutResult result = await inner.PutAsync(key, new ReadOnlySequence<byte>(body), condition, CancellationToken.None);
            outcomes.Add(result.Outcome);
        }

        return outcomes;
    }

    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        Fault fault = Begin(StoreRequest.Put, key);
        switch (fault)
        {
            case Fault.Refuse:
                throw Refused(key);
            case Fault.UnknownLost:
                return PutResult.Unknown(null);
            case Fault.Hang:
                return await new TaskCompletionSource<PutResult>().Task.WaitAsync(ct);
            case Fault.UnknownLate:
                _late.Add((key, body.ToArray(), condition));
                return PutResult.Unknown(null);
            default:
                PutResult result = await inner.PutAsync(key, body, condition, ct);
                End(fault);
                return fault == Fault.UnknownApplied ? PutResult.Unknown(null) : result;
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        Fault fault = BeginOther(StoreRequest.Get, key);
        ReadOnlyMemory<byte> bytes = await inner.GetAsync(key, range, ct);
        End(fault);
        return bytes;
    }

    public async ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
    {
        Fault fault = BeginOther(StoreRequest.Get, key);
        int bytes = await inner.ReadAsync(key, range, destinations, ct);
        End(fault);
        return bytes;
    }

    public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
    {
        Fault fault = BeginOther(StoreRequest.Head, key);
        ObjectInfo? info = await inner.HeadAsync(key, ct);
        End(fault);
        return info;
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        Fault fault = BeginOther(StoreRequest.List, default);
        await foreach (ObjectInfo info in inner.ListAsync(prefix, startAfter, ct))
        {
            yield return info;
        }

        End(fault);
    }

    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
    {
        Fault fault = BeginOther(StoreRequest.Delete, key);
        await inner.DeleteAsync(key, ct);
        End(fault);
    }

    public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

    public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);

    private static StorageException Refused(ObjectKey key) => new(StorageErrorKind.Unavailable, $"simulated outage at '{key}'");

    private Fault BeginOther(StoreRequest request, ObjectKey key)
    {
        Fault fault = Begin(request, key);
        return fault is Fault.None or Fault.CrashAfter ? fault : throw Refused(key);
    }

    private Fault Begin(StoreRequest request, ObjectKey key)
    {
        if (HasCrashed)
        {
            throw new SimulatedCrashException();
        }

        Fault fault = plan(request, key, Interlocked.Increment(ref _requests) - 1);
        if (fault == Fault.CrashBefore)
        {
            HasCrashed = true;
            throw new SimulatedCrashException();
        }

        return fault;
    }

    private void End(Fault fault)
    {
        if (fault == Fault.CrashAfter)
        {
            HasCrashed = true;
            throw new SimulatedCrashException();
        }
    }
}
