using System.Globalization;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>How a start of a node becomes a member of its cluster: by those whom the registry names, or by the seeds of its settings; or it begins the cluster.</summary>
/// <param name="cluster">This node's.</param>
/// <param name="registry">The cluster's.</param>
/// <param name="entry">Of this start.</param>
/// <param name="log">Where it says whom it joins.</param>
internal sealed class MemberJoin(Cluster cluster, NodeRegistry registry, NodeEntry entry, ILogger log)
{
    // Whoever is there answers a request to join within a round trip; the others' joining may come first, some gossip each.
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(5);

    // On a network of a cluster; beyond, the address is taken for dead.
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    // Who pauses for longer is taken out of the cluster, so that nobody waits for it longer here.
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(3);

    /// <summary>Returns when this node is a member.</summary>
    /// <exception cref="StorageException">As the store says; Unavailable: not yet, try again; Invalid: another node with this id runs.</exception>
    public async Task GetInAsync(CancellationToken cancellation)
    {
        await RegisterAsync(cancellation);
        if (cluster.Settings.SeedNodes is { Count: > 0 } seeds)
        {
            await JoinAsync(seeds, cancellation);
            return;
        }

        (NodeEntry Entry, string ETag)? first = await registry.FindFirstAsync(cancellation);
        IEnumerable<NodeEntry> registered = (await registry.ListAsync(cancellation)).Where(other => other.Node != entry.Node);
        JoinPlan plan = JoinPlan.Of(first?.Entry, await Task.WhenAll(registered.Select(async other => (other, await AskAsync(other.Address, cancellation)))));
        if (plan.Others.Count > 0)
        {
            await JoinAsync([.. plan.Others.Select(other => AddressOf(other.Address))], cancellation);
            return;
        }

        // One of those that find it gone takes its place.
        if (!await registry.TakeFirstAsync(entry, first?.ETag, cancellation))
        {
            throw new StorageException(StorageErrorKind.Unavailable, "another node begins the cluster at the same time; it is joined next");
        }

        MemberJoinLog.First(log, entry.Address);
        await cluster.JoinAsync(cluster.SelfAddress, cancellation);
        RequireAlone();
    }

    private async Task RegisterAsync(CancellationToken cancellation)
    {
        (NodeEntry Entry, string ETag)? mine = await registry.FindAsync(entry.Node, cancellation);
        if (mine is var (before, _) && await RunsAsync(before, cancellation))
        {
            throw new StorageException(StorageErrorKind.Invalid, $"node {entry.Node} of this cluster runs already, at {before.Address}: each needs a node.id of its own");
        }

        if (!await registry.RegisterAsync(entry, mine?.ETag, cancellation))
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"another start of node {entry.Node} registers at the same time: of two nodes with one node.id one has to go");
        }
    }

    // At its own address a start finds itself.
    private async Task<bool> RunsAsync(NodeEntry before, CancellationToken cancellation) =>
        before.Address != entry.Address && (await AskAsync(before.Address, cancellation))?.Incarnation == before.Incarnation;

    private async Task JoinAsync(IReadOnlyList<Address> others, CancellationToken cancellation)
    {
        string names = string.Join(", ", others);
        MemberJoinLog.Joining(log, names);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(JoinPatience);
        try
        {
            await cluster.JoinSeedNodesAsync(others, patience.Token);
        }
        catch (Exception refused) when (!cancellation.IsCancellationRequested && refused is OperationCanceledException or ClusterJoinFailedException)
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"none of {names} has let this node into the cluster within {JoinPatience.TotalSeconds} s", refused);
        }

        RequireAlone();
    }

    // One that only seems to be there is removed before long; then this one gets in.
    private void RequireAlone()
    {
        if (cluster.State.Members.FirstOrDefault(member => NodeRoles.NodeOf(member) == entry.Node && !member.Address.Equals(cluster.SelfAddress) && member.Status is MemberStatus.Up or MemberStatus.Joining) is { } other)
        {
            throw new StorageException(
                StorageErrorKind.Unavailable, $"node {entry.Node} runs at {other.Address.Host}:{other.Address.Port} as well; each node of a cluster needs a node.id of its own. If that one is dead, it is removed within seconds");
        }
    }

    /// <summary>Which start is at an address; null: none that answers, whatever else listens there.</summary>
    private async Task<StartIsHere?> AskAsync(string address, CancellationToken cancellation)
    {
        // A port that nobody has is known at once; an actor system that nobody has is not.
        if (!await ListensAsync(address, cancellation))
        {
            return null;
        }

        try
        {
            return await cluster.System.ActorSelection($"{AddressOf(address)}/user/{StartActor.Name}").Ask<StartIsHere>(WhoIsThere.Instance, AnswerPatience, cancellation);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    private static async Task<bool> ListensAsync(string address, CancellationToken cancellation)
    {
        (string host, int port) = Split(address);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(ConnectPatience);
        try
        {
            await socket.ConnectAsync(host, port, patience.Token);
            return true;
        }
        catch (Exception dead) when (dead is SocketException || (dead is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private Address AddressOf(string address)
    {
        (string host, int port) = Split(address);
        return new Address(cluster.SelfAddress.Protocol, cluster.SelfAddress.System, host, port);
    }

    private static (string Host, int Port) Split(string address)
    {
        int colon = address.LastIndexOf(':');
        return (address[..colon], int.Parse(address.AsSpan(colon + 1), CultureInfo.InvariantCulture));
    }
}

internal static partial class MemberJoinLog
{
    [LoggerMessage(EventId = 5401, EventName = "ClusterJoining", Level = LogLevel.Information, Message = "Joining the cluster by {Others}")]
    public static partial void Joining(ILogger log, string others);

    [LoggerMessage(EventId = 5402, EventName = "ClusterFirst", Level = LogLevel.Information, Message = "No other node of the cluster answers: this one begins it, {Address}")]
    public static partial void First(ILogger log, string address);
}
