using Broker.TestSupport.Processes;
using Broker.TestSupport.S3;
using Xunit.Abstractions;

namespace Broker.Crash.StoreFaults;

/// <summary>A real S3 server that is killed, started again, and stands still, under load: nothing is lost, and all goes on by itself.</summary>
public sealed class GatewayTests(ITestOutputHelper output)
{
    /// <summary>A WAL that had to be given up is opened again within 5 s, a request pauses 2 s at most between two tries; the rest is for a machine that is busy.</summary>
    private static readonly TimeSpan SoonAfter = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Away = TimeSpan.FromSeconds(4);

    /// <summary>Beyond what an append to the bucket waits, so that its WAL is given up and opened anew.</summary>
    private static readonly TimeSpan LongStandstill = TimeSpan.FromSeconds(28);

    [SkippableFact]
    public async Task Gateway_that_dies_or_stands_still_under_load_costs_no_record_and_all_goes_on_soon_after_it_is_back()
    {
        CephGateway gateway = await CephGateway.StartOwnAsync("gateway");
        try
        {
            await using BothWals both = await BothWals.StartAsync(gateway, gateway.Endpoint, CrashSettings.NewRandom(output));
            await both.WaitForProgressAsync();

            await gateway.SignalAsync("gateway", Signal.Kill);
            await Task.Delay(Away);
            await gateway.RestartAsync();
            await both.WaitForAcknowledgementsAsync(SoonAfter);
            await both.WaitForProgressAsync();

            foreach (TimeSpan standstill in new[] { Away, LongStandstill })
            {
                await gateway.SignalAsync("gateway", Signal.Stop);
                await Task.Delay(standstill);
                await gateway.SignalAsync("gateway", Signal.Continue);
                await both.WaitForAcknowledgementsAsync(SoonAfter);
                await both.WaitForProgressAsync();
            }

            Assert.True(both.SlowestAnswer < BothWals.ClientTimeout, $"an answer took {both.SlowestAnswer}");
            await both.KillAndStartAsync();
            await both.FinishAsync(output);
        }
        finally
        {
            await gateway.StopAsync();
        }
    }
}
