using System.Globalization;
using System.Net;
using System.Text;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Node.Unit.Management;

/// <summary>Metrics go to a collector of OpenTelemetry's, by HTTP, to a stand-in for one.</summary>
public sealed class OtlpTests
{
    // A start, and one interval.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Metrics_are_posted_to_the_endpoint_when_one_is_given()
    {
        using CancellationTokenSource patience = new(Patience);
        using TempFolder folder = new("node");
        int port = FreePort.Take();
        using HttpListener collector = new();
        collector.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        collector.Start();

        await using ChildProcess node = Start(folder, $"http://127.0.0.1:{port}");
        string report;
        do
        {
            report = await ReportAsync(collector, patience.Token);
            Assert.Contains("service.name", report, StringComparison.Ordinal);
        }
        while (!report.Contains("broker_store_requests_total", StringComparison.Ordinal)); // A start on a busy machine may have asked its store nothing yet.

        Assert.Contains("metadata", report, StringComparison.Ordinal);
    }

    /// <summary>The next report, as text: protocol buffers have strings as they are.</summary>
    private static async Task<string> ReportAsync(HttpListener collector, CancellationToken cancellation)
    {
        HttpListenerContext post = await collector.GetContextAsync().WaitAsync(cancellation);
        using MemoryStream body = new();
        await post.Request.InputStream.CopyToAsync(body, cancellation);
        post.Response.Close();
        Assert.Equal(("POST", "/v1/metrics", "application/x-protobuf"), (post.Request.HttpMethod, post.Request.Url!.AbsolutePath, post.Request.ContentType));
        return Encoding.Latin1.GetString(body.ToArray());
    }

    // Without a listener of its own: the two are independent of each other.
    private static ChildProcess Start(TempFolder folder, string endpoint)
    {
        string[] settings = ["listeners=PLAINTEXT://127.0.0.1:" + FreePort.Take(), $"log.dirs={folder.Path}", "management.listener=", $"otlp.endpoint={endpoint}"];
        Dictionary<string, string> environment = new()
        {
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "2000",
            ["no_proxy"] = "127.0.0.1",
        };
        return ChildProcess.Start(Requirement.Tool("dotnet"), settings.SelectMany(one => new[] { "--override", one }).Prepend("start").Prepend(NodeBroker.Assembly), environment);
    }
}
