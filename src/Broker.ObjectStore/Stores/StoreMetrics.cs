using System.Collections.Concurrent;

namespace Broker.ObjectStore;

/// <summary>The kinds of request that stores bill for.</summary>
public enum StoreOperation
{
    Put,
    Get,
    Head,
    List,
    Delete,
    StartUpload,
    UploadPart,
    CompleteUpload,
}

/// <summary>What was counted of one kind of request for one purpose.</summary>
/// <param name="Operation">The kind.</param>
/// <param name="Purpose">What for, as named by the <see cref="MeteredObjectStore"/>.</param>
/// <param name="Requests">All that were sent, also those that failed: of a bucket every one, each page of a listing too.</param>
/// <param name="Bytes">Bytes of bodies sent or received.</param>
/// <param name="ConditionsFailed">PUTs whose condition did not hold.</param>
/// <param name="Unknown">PUTs with an unknown outcome, and cancelled requests.</param>
/// <param name="Errors">Requests that failed, by kind; only those kinds that occurred.</param>
public sealed record StoreCounts(
    StoreOperation Operation,
    string Purpose,
    long Requests,
    long Bytes,
    long ConditionsFailed,
    long Unknown,
    IReadOnlyDictionary<StorageErrorKind, long> Errors);

/// <summary>
/// Counters of requests to a store, filled by a <see cref="MeteredObjectStore"/> or by the store itself. Thread-safe; a snapshot is not a single
/// instant, but each counter is exact. Bounded by the number of purposes, which are named in code.
/// </summary>
public sealed class StoreMetrics
{
    private readonly ConcurrentDictionary<(StoreOperation Operation, string Purpose), Counter> _counters = new();

    /// <summary>All counters, in order of kind and purpose.</summary>
    public IReadOnlyList<StoreCounts> Snapshot() =>
        [.. _counters
            .OrderBy(pair => pair.Key.Operation)
            .ThenBy(pair => pair.Key.Purpose, StringComparer.Ordinal)
            .Select(pair => pair.Value.ToCounts(pair.Key.Operation, pair.Key.Purpose))];

    internal Counter Of(StoreOperation operation, string purpose)
        => _counters.GetOrAdd((operation, purpose), static _ => new Counter());

    internal sealed class Counter
    {
        private readonly long[] _errors = new long[Enum.GetValues<StorageErrorKind>().Length];
        private long _requests;
        private long _bytes;
        private long _conditionsFailed;
        private long _unknown;

        internal void Request() => Interlocked.Increment(ref _requests);

        internal void Bytes(long count) => Interlocked.Add(ref _bytes, count);

        internal void Outcome(PutOutcome outcome)
        {
            switch (outcome)
            {
                case PutOutcome.ConditionFailed:
                    Interlocked.Increment(ref _conditionsFailed);
                    break;
                case PutOutcome.Unknown:
                    Interlocked.Increment(ref _unknown);
                    break;
                default:
                    break;
            }
        }

        internal void Error(StorageErrorKind kind) => Interlocked.Increment(ref _errors[(int)kind]);

        internal StoreCounts ToCounts(StoreOperation operation, string purpose) => new(
            operation,
            purpose,
            Interlocked.Read(ref _requests),
            Interlocked.Read(ref _bytes),
            Interlocked.Read(ref _conditionsFailed),
            Interlocked.Read(ref _unknown),
            Enum.GetValues<StorageErrorKind>()
                .Where(kind => Interlocked.Read(ref _errors[(int)kind]) > 0)
                .ToDictionary(kind => kind, kind => Interlocked.Read(ref _errors[(int)kind])));
    }
}
