using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Broker.Wire;

namespace Broker.Actors.Metrics;

/// <summary>How many of an API's answers had an error.</summary>
/// <param name="Api">The API as Kafka names it.</param>
/// <param name="Error">The error as Kafka names it, or <see cref="RequestMetrics.ConnectionClosed"/>.</param>
public sealed record RequestErrors(string Api, string Error, long Count);

/// <summary>Requests of clients: how long each API takes, and the errors in its answers. Bounded by the APIs and the error codes. Thread-safe.</summary>
public sealed class RequestMetrics
{
    /// <summary>The error of a request that the broker could only answer by closing its connection.</summary>
    public const string ConnectionClosed = "CONNECTION_CLOSED";

    // From what a request in memory takes, through a disk's sync and a store's PUT, to the longest wait of a fetch and of a client for its answer.
    private static readonly double[] BoundsSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static readonly Dictionary<ApiKey, KeyValuePair<string, object?>> Labels =
        Enum.GetValues<ApiKey>().ToDictionary(api => api, api => KeyValuePair.Create<string, object?>("api", api.ToString()));

    private readonly ConcurrentDictionary<(ApiKey Api, string Error), Counter> _errors = new();
    private readonly Histogram<double>? _duration;
    private long _unreadable;

    internal RequestMetrics(Meter? meter) => _duration = meter?.CreateHistogram(
        "broker_request_duration_seconds",
        "s",
        "From a request's arrival to its answer, by API. A fetch's wait for records is in it.",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = BoundsSeconds });

    /// <summary>Answers with an error, by API and the first error in each; only those that occurred.</summary>
    public IEnumerable<RequestErrors> Errors => _errors.Select(pair => new RequestErrors(pair.Key.Api.ToString(), pair.Key.Error, pair.Value.Count));

    /// <summary>What came in and was not a request that is served.</summary>
    public long Unreadable => Interlocked.Read(ref _unreadable);

    internal void Answered(ApiKey api, TimeSpan took, IKafkaResponse? response)
    {
        _duration?.Record(took.TotalSeconds, Labels[api]);
        if (ResponseErrors.FirstIn(response) is var error and not ErrorCode.None)
        {
            Count(api, JsonNamingPolicy.SnakeCaseUpper.ConvertName(error.ToString()));
        }
    }

    internal void Closed(ApiKey api) => Count(api, ConnectionClosed);

    internal void CouldNotRead() => Interlocked.Increment(ref _unreadable);

    private void Count(ApiKey api, string error) => _errors.GetOrAdd((api, error), static _ => new Counter()).Increment();

    private sealed class Counter
    {
        private long _count;

        public long Count => Interlocked.Read(ref _count);

        public void Increment() => Interlocked.Increment(ref _count);
    }
}
