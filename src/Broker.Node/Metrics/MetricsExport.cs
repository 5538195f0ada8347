using Broker.Actors.Configuration;
using Broker.Actors.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Broker.Node.Metrics;

/// <summary>
/// Who gets the node's metrics: Prometheus, which asks for them, and a collector of OpenTelemetry's, to which they are sent. All about the latter but
/// its address is said by the standard's environment variables: <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> (grpc unless it says http/protobuf),
/// <c>OTEL_EXPORTER_OTLP_HEADERS</c>, <c>OTEL_METRIC_EXPORT_INTERVAL</c> (60 s), <c>OTEL_SERVICE_NAME</c>, <c>OTEL_RESOURCE_ATTRIBUTES</c>.
/// </summary>
internal static class MetricsExport
{
    // What a stop spends on a last report: a collector that is away must not hold it up.
    private const int LastReportMs = 1000;

    /// <summary>The path of metrics under an OTLP endpoint, by OpenTelemetry's specification.</summary>
    private const string HttpPath = "v1/metrics";

    /// <summary>Starts collecting; null when nobody wants it.</summary>
    public static MeterProvider? Start(BrokerOptions options)
    {
        if (options.Management is { Listener: null, OtlpEndpoint: null })
        {
            return null;
        }

        MeterProviderBuilder builder = Sdk.CreateMeterProviderBuilder().AddMeter(BrokerMetrics.MeterName).SetResourceBuilder(ResourceOf(options));
        if (options.Management.Listener is not null)
        {
            // As it is named here, and as it is now.
            builder.AddPrometheusExporter(prometheus =>
                (prometheus.ScopeInfoEnabled, prometheus.TargetInfoEnabled, prometheus.ScrapeResponseCacheDurationMilliseconds) = (false, false, 0));
        }

        if (options.Management.OtlpEndpoint is { } endpoint)
        {
            builder.AddOtlpExporter(otlp => otlp.Endpoint = AddressOf(endpoint, otlp.Protocol));
        }

        return builder.Build();
    }

    /// <summary>Sends what a collector has not got yet, if it takes it soon, and ends.</summary>
    public static void Stop(MeterProvider provider)
    {
        provider.Shutdown(LastReportMs);
        provider.Dispose();
    }

    private static Uri AddressOf(Uri endpoint, OtlpExportProtocol protocol) =>
        protocol == OtlpExportProtocol.HttpProtobuf ? new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{HttpPath}") : endpoint;

    private static ResourceBuilder ResourceOf(BrokerOptions options) => ResourceBuilder.CreateEmpty()
        .AddService("broker", serviceInstanceId: options.NodeId.ToString())
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();
}
