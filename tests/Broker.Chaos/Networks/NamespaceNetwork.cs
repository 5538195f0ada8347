using System.Net;
using Broker.TestSupport;
using Broker.TestSupport.Processes;

namespace Broker.Chaos.Networks;

/// <summary>
/// A bridge in this process's own network namespace, and one namespace for each node with a cable to it. A link is cut by a neighbour entry with a hardware address that nobody has:
/// packets leave and arrive nowhere, in one direction, and no error comes back, as when a switch fails. It needs nothing but iproute2 and util-linux; when the process ends, all is gone.
/// </summary>
internal sealed class NamespaceNetwork : IClusterNetwork
{
    private const string Nowhere = "02:00:00:00:de:ad";
    private const byte StoreHost = 253;
    private const byte ClientsHost = 254;
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);
    private readonly List<ChildProcess> _holders = [];

    public string? WhyNoCuts => null;

    public IPAddress Store => Address(StoreHost);

    public static async Task<NamespaceNetwork> CreateAsync(int nodes)
    {
        NamespaceNetwork network = new();
        await RunAsync("ip", "link", "set", "lo", "up");
        await RunAsync("ip", "link", "add", "br0", "type", "bridge");

        // The clients' address first: connections from here have it as their source.
        await RunAsync("ip", "addr", "add", $"{Address(ClientsHost)}/24", "dev", "br0");
        await RunAsync("ip", "addr", "add", $"{Address(StoreHost)}/24", "dev", "br0");
        await RunAsync("ip", "link", "set", "br0", "up");
        for (int node = 1; node <= nodes; node++)
        {
            await network.AddAsync(node);
        }

        return network;
    }

    public IPAddress AddressOf(int node) => Address((byte)node);

    public IReadOnlyList<string> Enter(int node) => [Requirement.Tool("nsenter"), $"--net=/proc/{_holders[node - 1].Id}/ns/net"];

    public Task CutAsync(int from, int to) => CutAsync(from, AddressOf(to));

    // Its answers to clients are lost, which breaks connections of both sides; the store, whose address is another, is not concerned.
    public Task CutFromClientsAsync(int node) => CutAsync(node, Address(ClientsHost));

    public async Task HealAsync(int node)
    {
        await InAsync(node, "ip", "neigh", "flush", "dev", "eth0", "nud", "permanent");
        for (int other = 1; other <= _holders.Count; other++)
        {
            if (other != node)
            {
                await InAsync(other, "ip", "neigh", "flush", "to", $"{AddressOf(node)}", "dev", "eth0", "nud", "permanent");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess holder in _holders)
        {
            await holder.DisposeAsync();
        }
    }

    private static IPAddress Address(byte host) => new([10, 77, 0, host]);

    private async Task AddAsync(int node)
    {
        // A namespace lives as long as a process in it.
        ChildProcess holder = ChildProcess.Start(Requirement.Tool("unshare"), ["--net", "sh", "-c", "echo here; exec sleep infinity"]);
        _holders.Add(holder);
        await holder.WaitUntilAsync(process => process.OutputCount > 0, "namespace", StartDeadline);
        await RunAsync("ip", "link", "add", $"node{node}", "type", "veth", "peer", "name", "eth0", "netns", $"{holder.Id}");
        await RunAsync("ip", "link", "set", $"node{node}", "master", "br0", "up");
        await InAsync(node, "ip", "link", "set", "lo", "up");
        await InAsync(node, "ip", "addr", "add", $"{AddressOf(node)}/24", "dev", "eth0");
        await InAsync(node, "ip", "link", "set", "eth0", "up");
    }

    private Task CutAsync(int from, IPAddress to) => InAsync(from, "ip", "neigh", "replace", $"{to}", "lladdr", Nowhere, "dev", "eth0", "nud", "permanent");

    private Task InAsync(int node, params string[] command) => RunAsync([.. Enter(node), .. command]);

    private static async Task RunAsync(params string[] command) => (await ToolRun.RunAsync(command[0], command[1..])).MustSucceed();
}
