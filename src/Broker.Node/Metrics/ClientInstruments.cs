using System.Diagnostics.Metrics;
using Broker.Actors;
using Broker.Actors.Metrics;

namespace Broker.Node.Metrics;

/// <summary>What clients do, and what of the node's memory it takes.</summary>
internal static class ClientInstruments
{
    public static void AddTo(Meter meter, BrokerMetrics broker)
    {
        ClientTraffic traffic = broker.Traffic;
        meter.CreateObservableCounter("broker_produced_bytes_total", () => traffic.ProducedBytes, "By", "Bytes of record batches that clients wrote and that are durable, as they were compressed.");
        meter.CreateObservableCounter("broker_produced_records_total", () => traffic.ProducedRecords, null, "Records that clients wrote and that are durable.");
        meter.CreateObservableCounter("broker_fetched_bytes_total", () => traffic.FetchedBytes, "By", "Bytes of record batches that clients read.");
        meter.CreateObservableCounter("broker_fetched_records_total", () => traffic.FetchedRecords, null, "Records that clients read, counted by offsets.");
        meter.CreateObservableCounter(
            "broker_request_errors_total",
            () => broker.Requests.Errors.Select(error => new Measurement<long>(error.Count, [new("api", error.Api), new("error", error.Error)])),
            null,
            "Answers with an error, by API and the first error in each; CONNECTION_CLOSED where the connection was all that could be ended.");
        meter.CreateObservableCounter("broker_requests_unreadable_total", () => broker.Requests.Unreadable, null, "What came in and was not a request that is served.");
    }

    public static void AddTo(Meter meter, BrokerSystem system)
    {
        meter.CreateObservableGauge("broker_connections", () => system.Connections.Limiter.Count, null, "Connections of clients that are open.");
        meter.CreateObservableGauge("broker_request_memory_bytes", () => system.Connections.Memory.ReservedBytes, "By", "Memory that requests in progress have reserved (queued.max.request.bytes).");
        meter.CreateObservableGauge("broker_response_memory_bytes", () => system.Responses.HeldBytes, "By", "Memory that records on their way to clients hold (connection.response.memory.bytes).");
    }
}
