using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Broker.Node.Management;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;
using Broker.Wire;

namespace Broker.Node.Unit.Management;

/// <summary>What a running node answers to operators' tools.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class ManagementTests
{
    [Fact]
    public async Task Health_says_that_the_node_lives_and_serves()
    {
        await using RunningNode node = await RunningNode.StartAsync();

        using HttpResponseMessage health = await node.GetAsync("/health");
        using HttpResponseMessage ready = await node.GetAsync("/health/ready");
        using HttpResponseMessage nothing = await node.GetAsync("/nothing");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.NotFound), (health.StatusCode, ready.StatusCode, nothing.StatusCode));
        using JsonDocument document = JsonDocument.Parse(await health.Content.ReadAsStringAsync());
        Assert.True(document.RootElement.GetProperty("live").GetBoolean() && document.RootElement.GetProperty("ready").GetBoolean());
    }

    // A store that takes connections and says nothing: the node asks on.
    [Fact]
    public async Task Node_that_waits_for_its_store_lives_and_is_not_ready()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        using TempFolder folder = new("node");
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        int port = FreePort.Take();
        string[] settings =
        [
            $"listeners=PLAINTEXT://127.0.0.1:{FreePort.Take()}", $"log.dirs={folder.Path}", $"management.listener=127.0.0.1:{port}",
            "object.store=s3://bucket", $"s3.endpoint=http://{silent.LocalEndpoint}",
        ];
        Dictionary<string, string> environment = new() { ["AWS_ACCESS_KEY_ID"] = "any", ["AWS_SECRET_ACCESS_KEY"] = "any" };
        using HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

        await using ChildProcess node = ChildProcess.Start(
            Requirement.Tool("dotnet"), settings.SelectMany(one => new[] { "--override", one }).Prepend("start").Prepend(NodeBroker.Assembly), environment);
        await AnswersAsync(http, patience.Token);
        using HttpResponseMessage ready = await http.GetAsync("/health/ready", patience.Token);
        PrometheusText metrics = PrometheusText.Parse(await http.GetStringAsync("/metrics", patience.Token));
        using HttpResponseMessage admin = await http.GetAsync("/admin/cluster", patience.Token);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (ready.StatusCode, admin.StatusCode));
        Assert.Contains("still starting", await admin.Content.ReadAsStringAsync(patience.Token), StringComparison.Ordinal);
        Assert.True(metrics["process_cpu_seconds_total"] > 0);
        Assert.False(node.HasExited);
    }

    // The metadata's log is looked after at most every few seconds, as commits come.
    [Fact]
    public async Task Node_whose_store_was_emptied_lives_and_is_not_ready()
    {
        await using RunningNode node = await RunningNode.StartAsync();
        await node.CreateTopicAsync("t");
        Directory.Delete(node.Objects, recursive: true);

        HttpStatusCode ready = HttpStatusCode.OK;
        for (int i = 0; ready == HttpStatusCode.OK; i++)
        {
            await node.TryCreateTopicAsync($"t{i}");
            using HttpResponseMessage answer = await node.GetAsync("/health/ready");
            ready = answer.StatusCode;
            await Task.Delay(200, node.Cancellation);
        }

        using HttpResponseMessage health = await node.GetAsync("/health");
        (_, short error) = await node.ProduceAsync("t", 1);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (ready, health.StatusCode));
        Assert.Equal((short)ErrorCode.KafkaStorageError, error);
    }

    [Fact]
    public async Task Metrics_are_in_prometheus_text_format_with_help_and_type_of_each()
    {
        await using RunningNode node = await RunningNode.StartAsync();
        await node.CreateTopicAsync("t");
        await node.ProduceAsync("t", 3);

        using HttpResponseMessage answer = await node.GetAsync("/metrics");
        PrometheusText metrics = PrometheusText.Parse(await answer.Content.ReadAsStringAsync());

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", $"{answer.Content.Headers.ContentType}");
        Assert.All(metrics.Types.Where(one => one.Value == "counter"), one => Assert.EndsWith("_total", one.Key, StringComparison.Ordinal));
        Assert.Equal("histogram", metrics.Types["broker_wal_append_duration_seconds"]);
        Assert.Equal("gauge", metrics.Types["broker_uploads_failing"]);
        Assert.True(metrics["""broker_store_requests_total{operation="put",purpose="metadata"}"""] > 0);
        Assert.True(metrics["process_cpu_seconds_total"] > 0);
        Assert.True(metrics["process_resident_memory_bytes"] > 1 << 20);
    }

    // What is kept must not grow with what clients do.
    [Fact]
    public async Task No_label_names_a_topic_a_client_or_a_partition()
    {
        await using RunningNode node = await RunningNode.StartAsync();
        await node.CreateTopicAsync("unmistakable");
        await node.ProduceAsync("unmistakable", 3);
        await node.FetchAsync("unmistakable", 0);

        PrometheusText metrics = await node.MetricsAsync();

        string[] allowed = ["operation", "purpose", "kind", "api", "error", "le"];
        Assert.All(metrics.Values.Keys.Where(key => key.Contains('{', StringComparison.Ordinal)), key => Assert.All(
            key[(key.IndexOf('{', StringComparison.Ordinal) + 1)..^1].Split(','), label => Assert.Contains(label.Split('=')[0], allowed)));
        Assert.DoesNotContain(metrics.Values.Keys, key => key.Contains("unmistakable", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Records_of_clients_are_counted_when_they_are_durable_and_when_they_are_read()
    {
        await using RunningNode node = await RunningNode.StartAsync();
        await node.CreateTopicAsync("t");
        PrometheusText before = await node.MetricsAsync();

        (int bytes, short error) = await node.ProduceAsync("t", 5);
        (int more, _) = await node.ProduceAsync("t", 7);
        long fetched = await node.FetchAsync("t", 5);

        Assert.Equal(0, error);
        Assert.Equal(more, fetched);
        PrometheusText after = await node.MetricsAsync();
        Assert.Equal(bytes + more, Change("broker_produced_bytes_total"));
        Assert.Equal(12, Change("broker_produced_records_total"));
        Assert.Equal(more, Change("broker_fetched_bytes_total"));
        Assert.Equal(7, Change("broker_fetched_records_total"));
        Assert.Equal(2, Change("broker_wal_appends_total"));
        Assert.Equal(bytes + more, Change("broker_wal_appended_bytes_total"));
        Assert.Equal(2, Change("broker_wal_append_duration_seconds_count"));
        Assert.Equal(2, Change("""broker_request_duration_seconds_count{api="Produce"}"""));
        Assert.Equal(1, Change("""broker_request_duration_seconds_count{api="Fetch"}"""));
        Assert.Equal(1, Change("broker_log_cache_hits_total"));
        Assert.Equal(1, after["broker_connections"]);
        Assert.Equal(1, after["broker_partitions"]);
        Assert.True(after["broker_unuploaded_bytes"] >= bytes + more);
        Assert.All(
            before.Types.Where(one => one.Value == "counter").SelectMany(one => before.Values.Keys.Where(key => key.Split('{')[0] == one.Key)),
            key => Assert.True(after[key] >= before[key], $"{key} went from {before[key]} to {after[key]}"));

        double Change(string sample) => after[sample] - before[sample];
    }

    [Fact]
    public async Task Errors_in_answers_are_counted_by_api_and_error()
    {
        await using RunningNode node = await RunningNode.StartAsync(("auto.create.topics.enable", "false"));

        (_, short error) = await node.ProduceAsync("missing", 1);

        Assert.Equal((short)Wire.ErrorCode.UnknownTopicOrPartition, error);
        PrometheusText metrics = await node.MetricsAsync();
        Assert.Equal(1, metrics["""broker_request_errors_total{api="Produce",error="UNKNOWN_TOPIC_OR_PARTITION"}"""]);
        Assert.Equal(0, metrics["broker_produced_records_total"]);
    }

    [Fact]
    public async Task A_wal_in_the_bucket_costs_one_put_for_an_acknowledgement_and_an_upload_one()
    {
        // Nothing is uploaded before it is told to.
        await using RunningNode node = await RunningNode.StartAsync(("wal.kind", "bucket"), ("object.store.upload.interval.ms", "600000"));
        await node.CreateTopicAsync("t");
        StoreUsage before = await node.UsageAsync();

        for (int i = 0; i < 9; i++)
        {
            await node.ProduceAsync("t", 2);
        }

        StoreUsage after = await node.UsageAsync();
        Assert.Equal(9, await node.RequestsAsync("put", "wal") - Puts(before, "wal"));
        Assert.Equal(Puts(before, "metadata"), Puts(after, "metadata"));
        Assert.Equal(18, after.ProducedRecords);
        Assert.Equal(0, Puts(after, "upload"));
        Assert.True(after.Now > after.CountingSince);

        static long Puts(StoreUsage usage, string purpose) => usage.Requests.SingleOrDefault(one => one.Operation == "put" && one.Purpose == purpose)?.Requests ?? 0;
    }

    [Fact]
    public async Task An_upload_is_one_put_and_its_object_is_what_is_stored()
    {
        await using RunningNode node = await RunningNode.StartAsync(("object.store.upload.interval.ms", "100"));
        await node.CreateTopicAsync("t");
        await node.ProduceAsync("t", 2);

        StoreUsage usage = await UntilAsync(node, found => found.Objects == 1);

        Assert.Equal(1, await node.RequestsAsync("put", "upload"));
        PrometheusText metrics = await node.MetricsAsync();
        Assert.Equal(usage.ObjectBytes, metrics["broker_object_bytes"]);
        Assert.Equal(usage.ObjectBytes, metrics["""broker_store_bytes_total{operation="put",purpose="upload"}"""]);
        Assert.Equal((1, 0), (metrics["broker_objects"], metrics["broker_uploads_failing"]));
    }

    private static async Task AnswersAsync(HttpClient http, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                using HttpResponseMessage health = await http.GetAsync("/health", cancellation);
                Assert.Equal(HttpStatusCode.OK, health.StatusCode);
                return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
                await Task.Delay(20, cancellation);
            }
        }
    }

    private static async Task<StoreUsage> UntilAsync(RunningNode node, Func<StoreUsage, bool> holds)
    {
        while (true)
        {
            StoreUsage usage = await node.UsageAsync();
            if (holds(usage))
            {
                return usage;
            }

            await Task.Delay(20, node.Cancellation);
        }
    }
}
