using Broker.Chaos.Nodes;
using Broker.TestSupport.S3;

namespace Broker.Chaos.Faults;

/// <summary>Has faults befall a cluster, and takes them back.</summary>
internal sealed class Nemesis(ChaosCluster cluster)
{
    /// <summary>Of ten requests so many fail: enough that a request fails again when it is sent again, few enough that work goes on.</summary>
    private const int FailingOfTen = 3;

    /// <summary>In the year's bad hour of a store: tens of times its usual.</summary>
    private static readonly TimeSpan SlowMedian = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SlowP99 = TimeSpan.FromSeconds(2);

    /// <summary>Of a hundred requests so many stand, for longer than anybody wants to wait.</summary>
    private const double StallingShare = 0.03;
    private static readonly TimeSpan LeastStall = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MostStall = TimeSpan.FromSeconds(10);

    private static readonly FaultKind[] OfLinks = [FaultKind.Isolate, FaultKind.IsolateLong, FaultKind.CutLink, FaultKind.CutOneWay, FaultKind.CutOff, FaultKind.ClientsCut];
    private static readonly FaultKind[] OfTheStore = [FaultKind.StoreCut, FaultKind.StoreCutLong, FaultKind.StoreDown, FaultKind.StoreSlow, FaultKind.StoreStalls, FaultKind.StoreFailing, FaultKind.CutOff];

    /// <summary>Why a kind of fault cannot happen to this cluster; null: it can.</summary>
    public string? WhyNot(FaultKind kind) =>
        OfLinks.Contains(kind) && cluster.Network.WhyNoCuts is { } noCuts ? noCuts
        : OfTheStore.Contains(kind) && cluster.Store.WhyNoFaults is { } noFaults ? noFaults
        : kind == FaultKind.ClockJump && cluster.Clocks is null ? "clocks cannot be set without a C compiler"
        : null;

    /// <summary>Begins the fault, lets it last, and ends it; when this returns, whatever it took is given back.</summary>
    public async Task RunAsync(PlannedFault fault)
    {
        int first = fault.Nodes[0];
        switch (fault.Kind)
        {
            case FaultKind.KillOne or FaultKind.KillSeveral:
                await Task.WhenAll(fault.Nodes.Select(node => cluster.Node(node).KillAsync()));
                await Task.Delay(fault.Length);
                foreach (int node in fault.Nodes)
                {
                    cluster.Node(node).Start();
                }

                break;
            case FaultKind.FreezeShortly or FaultKind.FreezeLong:
                cluster.Node(first).Freeze();
                await Task.Delay(fault.Length);
                cluster.Node(first).Thaw();
                break;
            case FaultKind.Stop:
                await RestartAsync(first, fault.Length);
                break;
            case FaultKind.RollingRestart:
                foreach (int node in fault.Nodes)
                {
                    await RestartAsync(node, fault.Length / fault.Nodes.Count);
                }

                break;
            case FaultKind.Isolate or FaultKind.IsolateLong or FaultKind.CutLink or FaultKind.CutOneWay or FaultKind.CutOff:
                await CutLinksAsync(fault);
                break;
            case FaultKind.ClientsCut:
                await cluster.Network.CutFromClientsAsync(first);
                await Task.Delay(fault.Length);
                await cluster.Network.HealAsync(first);
                break;
            case FaultKind.ClockJump:
                cluster.Clocks!.Set(first, fault.ClockAhead);
                await Task.Delay(fault.Length);
                cluster.Clocks.Set(first, TimeSpan.Zero);
                break;
            case FaultKind.AddNode:
                cluster.Spare.Start();
                await Task.Delay(fault.Length);
                await (fault.Seed % 2 == 0 ? cluster.Spare.StopAsync() : cluster.Spare.KillAsync());
                break;
            default:
                await DisturbStoreAsync(fault);
                break;
        }
    }

    /// <summary>Whether no node is away still from what it was made to suffer before.</summary>
    public Task<bool> IsClusterWholeAsync() => cluster.IsWholeAsync();

    private async Task RestartAsync(int node, TimeSpan away)
    {
        await cluster.Node(node).StopAsync();
        await Task.Delay(away);
        cluster.Node(node).Start();
    }

    private async Task CutLinksAsync(PlannedFault fault)
    {
        int first = fault.Nodes[0];
        IEnumerable<int> others = fault.Kind == FaultKind.CutLink ? fault.Nodes.Skip(1) : cluster.Nodes.Select(node => node.Id).Where(id => id != first);
        foreach (int other in others)
        {
            await cluster.Network.CutAsync(first, other);
            if (fault.Kind != FaultKind.CutOneWay)
            {
                await cluster.Network.CutAsync(other, first);
            }
        }

        if (fault.Kind == FaultKind.CutOff)
        {
            await cluster.Network.CutFromClientsAsync(first);
            Hang(first, new Random(fault.Seed));
        }

        await Task.Delay(fault.Length);
        await cluster.Network.HealAsync(first);
        if (fault.Kind == FaultKind.CutOff)
        {
            cluster.Store.ProxyOf(first).Heal();
        }
    }

    private async Task DisturbStoreAsync(PlannedFault fault)
    {
        Random random = new(fault.Seed);
        foreach (int node in fault.Nodes)
        {
            switch (fault.Kind)
            {
                case FaultKind.StoreSlow:
                    cluster.Store.ProxyOf(node).Latency = new LatencyDistribution(SlowMedian, SlowP99, random.Next()).Next;
                    break;
                case FaultKind.StoreStalls:
                    cluster.Store.ProxyOf(node).Latency = new RareStalls(StallingShare, LeastStall, MostStall, random.Next()).Next;
                    break;
                case FaultKind.StoreFailing:
                    Fail(node, random);
                    break;
                default:
                    Hang(node, random);
                    break;
            }
        }

        await Task.Delay(fault.Length);
        foreach (int node in fault.Nodes)
        {
            cluster.Store.ProxyOf(node).Latency = null;
            cluster.Store.ProxyOf(node).Heal();
        }
    }

    // What was on its way when the link broke may have come there or not: whichever, nobody is told.
    private void Hang(int node, Random random)
    {
        cluster.Store.ProxyOf(node).Inject(_ => random.Next(10) == 0, ProxyFault.HangAfter);
        cluster.Store.ProxyOf(node).Inject(_ => true, ProxyFault.HangBefore, int.MaxValue);
    }

    private void Fail(int node, Random random)
    {
        ProxyFault[] faults =
        [
            ProxyFault.Answer(503, "SlowDown", isForwarded: false), ProxyFault.Answer(500, "InternalError", isForwarded: true), ProxyFault.DropRequest, ProxyFault.DropResponse,
            ProxyFault.Duplicate,
        ];
        foreach (ProxyFault fault in faults)
        {
            cluster.Store.ProxyOf(node).Inject(_ => random.Next(10 * faults.Length) < FailingOfTen, fault, int.MaxValue);
        }
    }
}
