using System.Diagnostics.Metrics;
using System.Text.Json;
using Broker.ObjectStore;

namespace Broker.Node.Metrics;

/// <summary>Requests to the object store, by kind and purpose.</summary>
internal static class StoreInstruments
{
    public static void AddTo(Meter meter, StoreMetrics store)
    {
        Add("broker_store_requests_total", null, "Requests sent to the object store, retries and failures included.", counts => counts.Requests);
        Add("broker_store_bytes_total", "By", "Bytes of bodies sent to the object store, or received from it.", counts => counts.Bytes);
        Add("broker_store_unknown_outcomes_total", null, "Requests whose outcome is unknown, or that were given up.", counts => counts.Unknown);
        meter.CreateObservableCounter(
            "broker_store_errors_total", () => Errors(store.Snapshot()), null, "Requests to the object store that failed, by kind of error.");

        meter.CreateObservableCounter(
            "broker_store_conditions_failed_total",
            () => store.Snapshot().Where(HasCondition).Select(counts => new Measurement<long>(counts.ConditionsFailed, LabelsOf(counts))),
            null,
            "Conditional requests that the object store refused because the condition did not hold.");

        void Add(string name, string? unit, string description, Func<StoreCounts, long> read) =>
            meter.CreateObservableCounter(name, () => store.Snapshot().Select(counts => new Measurement<long>(read(counts), LabelsOf(counts))), unit, description);
    }

    /// <summary>A kind of request, as labels and documents name it.</summary>
    public static string NameOf(StoreOperation operation) => JsonNamingPolicy.SnakeCaseLower.ConvertName(operation.ToString());

    /// <summary>A kind of error, as labels and documents name it.</summary>
    public static string NameOf(StorageErrorKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString());

    private static bool HasCondition(StoreCounts counts) => counts.Operation is StoreOperation.Put or StoreOperation.CompleteUpload;

    private static IEnumerable<Measurement<long>> Errors(IEnumerable<StoreCounts> all) => all.SelectMany(
        counts => counts.Errors.Select(error => new Measurement<long>(error.Value, [.. LabelsOf(counts), KeyValuePair.Create<string, object?>("kind", NameOf(error.Key))])));

    private static KeyValuePair<string, object?>[] LabelsOf(StoreCounts counts) =>
        [KeyValuePair.Create<string, object?>("operation", NameOf(counts.Operation)), KeyValuePair.Create<string, object?>("purpose", counts.Purpose)];
}
