using System.Net;
using System.Net.Sockets;
using Broker.Chaos.Clocks;
using Broker.Chaos.Networks;
using Broker.Chaos.Runs;
using Broker.Chaos.Stores;

namespace Broker.Chaos.Nodes;

/// <summary>Brokers on one bucket, with all by which they can be made to suffer. It ends the nodes; network and store are the caller's.</summary>
/// <param name="Nodes">In the order of their ids.</param>
/// <param name="Spare">One more, which comes and goes; clients do not begin with it.</param>
/// <param name="Network">What they reach each other by.</param>
/// <param name="Store">Their bucket.</param>
/// <param name="Clocks">Their clocks; null: those cannot be set.</param>
internal sealed record ChaosCluster(IReadOnlyList<ChaosNode> Nodes, ChaosNode Spare, IClusterNetwork Network, IChaosStore Store, ShiftedClocks? Clocks) : IAsyncDisposable
{
    private const int ClientPort = 9092;
    private const int ClusterPort = 7092;

    // No fault lasts now, and it is next door.
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    /// <summary>Where clients begin.</summary>
    public IReadOnlyList<IPEndPoint> Bootstrap { get; } = [.. Nodes.Select(node => EndPoint(node.Id, Network))];

    /// <summary>
    /// What lies in the log for a second or two is uploaded, and little of it cached: faults meet uploads, and readers the store, at a load that leaves the machine room.
    /// </summary>
    private static readonly string[] Busy = ["object.store.upload.interval.ms=1500", "wal.bucket.upload.slots=20", "cache.log.bytes=16777216", "cache.block.bytes=8388608"];

    /// <summary>Starts all nodes but the spare one.</summary>
    public static ChaosCluster Start(ChaosOptions options, string folder, IClusterNetwork network, IChaosStore store, ShiftedClocks? clocks, Action<string> fail)
    {
        int count = options.Nodes;
        List<ChaosNode> nodes = [];
        for (int id = 1; id <= count + 1; id++)
        {
            string[] settings = [$"node.id={id}", $"wal.kind={options.Wal}", $"cluster.downing={options.Downing}", $"cluster.address={network.AddressOf(id)}:{ClusterPort}", $"management.listener={network.AddressOf(id)}:0", .. Busy, .. store.SettingsOf(id)];
            nodes.Add(new ChaosNode(new NodePlan(id, EndPoint(id, network), network.Enter(id), settings, clocks?.EnvironmentOf(id) ?? []), folder, fail));
        }

        nodes[..count].ForEach(node => node.Start());
        return new ChaosCluster(nodes[..count], nodes[^1], network, store, clocks);
    }

    public ChaosNode Node(int id) => Nodes[id - 1];

    /// <summary>Whether all nodes but the spare one listen to clients: one that was started again may still be on its way.</summary>
    public async Task<bool> IsWholeAsync()
    {
        foreach (IPEndPoint node in Bootstrap)
        {
            using Socket socket = new(node.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            using CancellationTokenSource patience = new(ConnectPatience);
            try
            {
                await socket.ConnectAsync(node, patience.Token);
            }
            catch (Exception cause) when (cause is SocketException or OperationCanceledException)
            {
                return false;
            }
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChaosNode node in Nodes.Append(Spare))
        {
            await node.DisposeAsync();
        }
    }

    private static IPEndPoint EndPoint(int id, IClusterNetwork network) => new(network.AddressOf(id), ClientPort);
}
