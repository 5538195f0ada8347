using Akka.Actor;
using Akka.Cluster;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>How a start of a node becomes a member of its cluster: by those whom the registry names, or by the seeds of its settings; or it begins the cluster.</summary>
/// <param name="cluster">This node's.</param>
/// <param name="registry">The cluster's.</param>
/// <param name="readMetadata">Reads the cluster's metadata as they are in the bucket, and takes nothing over.</param>
/// <param name="entry">Of this start.</param>
/// <param name="clock">Of this start.</param>
/// <param name="log">Where it says whom it joins.</param>
internal sealed class MemberJoin(Cluster cluster, NodeRegistry registry, Func<CancellationToken, ValueTask<MetadataImage>> readMetadata, NodeEntry entry, TimeProvider clock, ILogger log)
{
    // Whoever is there answers a request to join within a round trip; the others' joining may come first, some gossip each.
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(5);

    // Between two looks at who is there, which cost a listing and two requests for each node.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    // The first begins within moments as a rule.
    private static readonly TimeSpan LookForFirstAfter = TimeSpan.FromMilliseconds(500);

    private readonly StartProbe _probe = new(cluster);
    private readonly OtherStarts _others = new(cluster, registry, readMetadata, entry, log);

    /// <summary>Returns when this node is a member: as long as a cluster lives that it cannot reach, it waits.</summary>
    /// <exception cref="StorageException">As the store says; Unavailable: not yet, try again; Invalid: another node with this id runs.</exception>
    public async Task GetInAsync(CancellationToken cancellation)
    {
        await RegisterAsync(cancellation);

        // Who is a seed itself may have to begin the cluster, which is decided in the bucket.
        bool joinsSeeds = cluster.Settings.SeedNodes.Count > 0 && !cluster.Settings.SeedNodes.Contains(cluster.SelfAddress);
        await (joinsSeeds ? JoinSeedsAsync(cancellation) : JoinOrBeginAsync(cancellation));
        RequireAlone();
    }

    private async Task RegisterAsync(CancellationToken cancellation)
    {
        (NodeEntry? before, string? seen) = await FindOwnAsync(cancellation);
        if (before is not null && await RunsAsync(before, cancellation))
        {
            throw new StorageException(StorageErrorKind.Invalid, $"node {entry.Node} of this cluster runs already, at {before.Address}: each needs a node.id of its own");
        }

        if (!await registry.RegisterAsync(entry, seen, cancellation))
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"another start of node {entry.Node} registers at the same time: of two nodes with one node.id one has to go");
        }
    }

    // What an earlier start left, and its etag.
    private async Task<(NodeEntry? Before, string? ETag)> FindOwnAsync(CancellationToken cancellation)
    {
        try
        {
            return await registry.FindAsync(entry.Node, cancellation) is var (before, seen) ? (before, seen) : (null, null);
        }
        catch (StorageException unreadable) when (unreadable.Kind is StorageErrorKind.Corrupt or StorageErrorKind.Invalid)
        {
            MemberJoinLog.Replaced(log, unreadable.Message);
            return (null, await registry.FindETagAsync(entry.Node, cancellation));
        }
    }

    // At its own address a start finds itself.
    private async Task<bool> RunsAsync(NodeEntry before, CancellationToken cancellation) =>
        before.Address != entry.Address && (await _probe.AskAsync(before.Address, cancellation))?.Incarnation == before.Incarnation;

    private async Task JoinOrBeginAsync(CancellationToken cancellation)
    {
        FirstClaim claim = new(entry.Incarnation, clock);
        (string Silent, bool Lives) told = ("", false);
        Guid awaited = Guid.Empty;
        NodeId? displaced = null;
        while (true)
        {
            IReadOnlyCollection<(NodeEntry, StartIsHere?)> others = await _others.AskAsync(cancellation);

            // After those, who may take seconds: what is decided by it is of now.
            (NodeEntry Entry, string ETag)? first = await registry.FindFirstAsync(cancellation);
            JoinPlan plan = JoinPlan.Of(first?.Entry, others);
            Address[] members = plan.Members.Count > 0 ? [.. plan.Members.Select(other => _probe.AddressOf(other.Address))] : await SeedsThatShareAsync(here => here.IsMember, cancellation);
            if (members.Length > 0)
            {
                await JoinAsync(members, cancellation);
                return;
            }

            if (plan.Awaited is { } beginner)
            {
                awaited = TellOfAwaited(beginner, awaited);
                await Task.Delay(LookForFirstAfter, clock, cancellation);
                continue;
            }

            IReadOnlyList<NodeEntry> silent = first?.Entry.Incarnation == entry.Incarnation ? _others.WithoutGone(plan.Silent, displaced) : plan.Silent;
            FirstClaim.Step step = claim.Look(first, silent.Count > 0 || _others.AreUnreadable);
            if (step == FirstClaim.Step.Begin)
            {
                MemberJoinLog.First(log, entry.Address);
                await cluster.JoinAsync(cluster.SelfAddress, cancellation);
                return;
            }

            if (step == FirstClaim.Step.Wait)
            {
                told = Tell(claim, first?.Entry, silent, told);
            }
            else if (await registry.TakeFirstAsync(entry, first?.ETag, cancellation))
            {
                // One of those that find it gone takes its place; the others see whose it is.
                claim.Taken();
                displaced = first?.Entry.Node;
                await _others.LearnWhoLivesAsync(cancellation);
                continue;
            }

            await Task.Delay(LookAgainAfter, clock, cancellation);
        }
    }

    private async Task JoinSeedsAsync(CancellationToken cancellation)
    {
        Address[] seeds = await SeedsThatShareAsync(_ => true, cancellation);
        if (seeds.Length == 0)
        {
            string names = string.Join(", ", cluster.Settings.SeedNodes);
            throw new StorageException(StorageErrorKind.Unavailable, $"none of {names} (akka.cluster.seed-nodes) has let this node into the cluster: nobody answers there who finds this node in its bucket");
        }

        await JoinAsync(seeds, cancellation);
    }

    private async Task<Address[]> SeedsThatShareAsync(Func<StartIsHere, bool> isWanted, CancellationToken cancellation)
    {
        List<Address> sharing = [];
        foreach (Address seed in cluster.Settings.SeedNodes.Where(seed => !seed.Equals(cluster.SelfAddress)))
        {
            if (await _probe.AskAsync($"{seed.Host}:{seed.Port}", cancellation) is not { } here || !isWanted(here))
            {
                continue;
            }

            bool? shares = await _others.Bucket.IsOfAsync(seed, cancellation);
            if (shares == false)
            {
                throw new StorageException(
                    StorageErrorKind.Invalid, $"the broker at {seed.Host}:{seed.Port} (akka.cluster.seed-nodes) uses another bucket, or another place in it, than this one: look at object.store and s3.endpoint on both");
            }

            if (shares == true)
            {
                sharing.Add(seed);
            }
        }

        return [.. sharing];
    }

    // Once for those of whom nothing is heard, and once more when it is known that the cluster lives.
    private (string Silent, bool Lives) Tell(FirstClaim claim, NodeEntry? first, IReadOnlyList<NodeEntry> silent, (string Silent, bool Lives) told)
    {
        string names = string.Join(", ", silent.Select(other => $"{other.Node} at {other.Address}"));
        if (silent.Count == 0)
        {
            return told;
        }

        if (claim.IsLost && first is not null && told != (names, true))
        {
            MemberJoinLog.OutOfReach(log, first.Node.Value, first.Address, names);
            return (names, true);
        }

        if (told.Silent != names)
        {
            MemberJoinLog.Silent(log, names, FirstClaim.Undefended);
            return (names, false);
        }

        return told;
    }

    private Guid TellOfAwaited(NodeEntry first, Guid told)
    {
        if (told != first.Incarnation)
        {
            MemberJoinLog.Awaiting(log, first.Node.Value, first.Address);
        }

        return first.Incarnation;
    }

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
}

internal static partial class MemberJoinLog
{
    [LoggerMessage(EventId = 5401, EventName = "ClusterJoining", Level = LogLevel.Information, Message = "Joining the cluster by {Others}")]
    public static partial void Joining(ILogger log, string others);

    [LoggerMessage(EventId = 5402, EventName = "ClusterFirst", Level = LogLevel.Information, Message = "No other node of the cluster answers: this one begins it, {Address}")]
    public static partial void First(ILogger log, string address);

    [LoggerMessage(EventId = 5407, EventName = "ClusterAwaited", Level = LogLevel.Information, Message = "Node {Node} at {Address} is to begin the cluster; it is joined then")]
    public static partial void Awaiting(ILogger log, int node, string address);

    [LoggerMessage(EventId = 5403, EventName = "ClusterSilent", Level = LogLevel.Warning, Message = "Nothing is heard of nodes that are registered, or that the metadata take for living: {Silent}. This one begins the cluster if none of them says within {Patience}, in the object store, that it lives")]
    public static partial void Silent(ILogger log, string silent, TimeSpan patience);

    [LoggerMessage(EventId = 5410, EventName = "ClusterEntryReplaced", Level = LogLevel.Warning, Message = "What an earlier start of this node left in the object store is damaged, and is replaced: {Problem}")]
    public static partial void Replaced(ILogger log, string problem);

    [LoggerMessage(EventId = 5405, EventName = "ClusterOutOfReach", Level = LogLevel.Error, Message = "The cluster cannot be reached from here: node {Node} at {Address} says in the object store that it lives, and nothing is heard of {Silent}. This node waits until it reaches one of them: look at the network between them, and at their cluster.address")]
    public static partial void OutOfReach(ILogger log, int node, string address, string silent);
}
