using Broker.TestSupport.Brokers;
using Broker.TestSupport.S3;
using Xunit.Abstractions;

namespace Broker.Crash.StoreFaults;

/// <summary>
/// What an object store, and the way to it, does to a broker under load, for some seconds each: no record is lost, repeated or out of order, clients get no answer that
/// stops them, and the log tells of each change and not of each request.
/// </summary>
public sealed class StoreFaultTests(ITestOutputHelper output)
{
    /// <summary>A WAL that had to be given up is opened again within 5 s; the rest is for a machine that is busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Longer than the store may fail before it is told.</summary>
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(2.5);

    /// <summary>
    /// Per fault and broker: that the store fails and serves, uploads, the WAL and metadata likewise, once or twice each where a fault comes and goes. Requests are hundreds.
    /// </summary>
    private const int MaxLinesOfAFault = 20;

    private int _requests;

    private (string Name, Func<ProxiedRequest, bool> Meets, ProxyFault Fault)[] Faults =>
    [
        ("out of reach", _ => true, ProxyFault.DropRequest),
        ("access denied", _ => true, ProxyFault.Answer(403, "AccessDenied", isForwarded: false)),
        ("no such bucket", _ => true, ProxyFault.Answer(404, "NoSuchBucket", isForwarded: false)),
        ("throttling two thirds", _ => Interlocked.Increment(ref _requests) % 3 > 0, ProxyFault.Answer(503, "SlowDown", isForwarded: false)),
        ("flapping", _ => Environment.TickCount64 / 400 % 2 == 0, ProxyFault.DropRequest),
        ("losing every other answer", _ => Interlocked.Increment(ref _requests) % 2 == 0, ProxyFault.DropResponse),
        ("500, though it was done", _ => Interlocked.Increment(ref _requests) % 3 > 0, ProxyFault.Answer(500, "InternalError", isForwarded: true)),
    ];

    [SkippableFact]
    public async Task Store_that_fails_in_any_way_under_load_costs_no_record_and_no_flood_of_log_lines()
    {
        CephGateway gateway = await CephGateway.SharedAsync();
        await using FaultProxy proxy = new(gateway.Endpoint);
        await using BothWals both = await BothWals.StartAsync(gateway, proxy.Endpoint, CrashSettings.NewRandom(output));
        await both.WaitForProgressAsync();
        string? current = null;
        foreach ((string name, Func<ProxiedRequest, bool> meets, ProxyFault fault) in Faults)
        {
            proxy.Inject(request => current == name && meets(request), fault, times: int.MaxValue);
            int[] before = [.. both.Brokers.Select(broker => broker.Output.Count)];
            current = name;
            await Task.Delay(Duration);
            current = null;
            await both.WaitForAcknowledgementsAsync(Patience);
            foreach ((NodeBroker broker, int lines) in both.Brokers.Zip(before))
            {
                string[] told = [.. broker.Output.Skip(lines)];
                output.WriteLine($"{name}:\n  {string.Join("\n  ", told)}");
                Assert.True(told.Length <= MaxLinesOfAFault, $"{name}: {told.Length} lines were logged");
            }
        }

        proxy.Latency = new LatencyDistribution(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), seed: 1).Next;
        await both.WaitForAcknowledgementsAsync(Patience);
        proxy.Latency = null;
        await both.WaitForProgressAsync();
        Assert.True(both.SlowestAnswer < BothWals.ClientTimeout, $"an answer took {both.SlowestAnswer}");
        await both.KillAndStartAsync();

        // Now the history comes out of the store, and every third answer breaks off in the middle of its body.
        int reads = 0;
        proxy.Inject(request => request.Method == "GET" && !request.Target.Contains("list-type", StringComparison.Ordinal) && Interlocked.Increment(ref reads) % 3 == 0, ProxyFault.TruncateResponse(100), times: int.MaxValue);
        await both.FinishAsync(output);
        Assert.True(reads > 10, $"{reads} reads");
        Assert.All(both.Brokers, broker => Assert.DoesNotContain(broker.Output, line => line.TrimStart().StartsWith("at ", StringComparison.Ordinal)));
    }
}
