using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Broker.Node.Metrics;

/// <summary>The process, under the names that Prometheus' own client libraries use.</summary>
internal static class ProcessInstruments
{
    public static void AddTo(Meter meter)
    {
        using Process self = Process.GetCurrentProcess();
        double startedAt = new DateTimeOffset(self.StartTime).ToUnixTimeMilliseconds() / 1e3;
        meter.CreateObservableGauge("process_start_time_seconds", () => startedAt, "s", "When the process started, in seconds since 1970.");
        meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "CPU time of the process, user and system.");
        meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, "By", "Resident memory of the process.");
        meter.CreateObservableGauge("broker_gc_heap_bytes", () => GC.GetTotalMemory(forceFullCollection: false), "By", "Objects on the managed heap, garbage included.");
        meter.CreateObservableCounter("broker_gc_pause_seconds_total", () => GC.GetTotalPauseDuration().TotalSeconds, "s", "Time for which garbage collections stopped all threads.");
    }
}
