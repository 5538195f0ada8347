using System.Collections.Immutable;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>Sends heartbeats to the members that this node watches; their answers feed the failure detector, and so do connections that are refused.</summary>
internal sealed class ClusterHeartbeatSender : ReceiveActor, IWithTimers
{
    private static readonly object TickKey = new();

    private readonly Cluster _cluster;
    private readonly DefaultFailureDetectorRegistry<Address> _failureDetector;
    private readonly Dictionary<UniqueAddress, IActorRef> _receivers = [];
    private readonly Dictionary<Address, long> _firstExpectedMs = [];
    private long _sequenceNumber;

    public ClusterHeartbeatSender(Cluster cluster)
    {
        _cluster = cluster;
        _failureDetector = cluster.FailureDetector;
        Receive<MembershipState>(MembersChanged);
        Receive<HeartbeatResponse>(Answered);
        Receive<AssociationErrorEvent>(NotConnected);
        Receive<Tick>(_ => SendHeartbeats());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(AssociationErrorEvent));
        Timers.StartPeriodicTimer(TickKey, new Tick(), _cluster.Settings.HeartbeatInterval);
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    private void MembersChanged(MembershipState state)
    {
        ImmutableHashSet<UniqueAddress> unreachable = [.. state.UnreachableMembers.Select(member => member.UniqueAddress)];
        IEnumerable<UniqueAddress> members = state.Gossip.Members.Select(member => member.UniqueAddress);
        ImmutableHashSet<UniqueAddress> ring = state.SelfMember is null
            ? []
            : HeartbeatNodeRing.ReceiversOf(members, state.Self, unreachable, _cluster.Settings.MonitoredByNrOfMembers);

        // Whom this node said to be unreachable it goes on asking: nobody else would say that it is back.
        foreach (UniqueAddress gone in _receivers.Keys.Where(node => !ring.Contains(node) && !(state.Gossip.HasMember(node) && unreachable.Contains(node))).ToArray())
        {
            _receivers.Remove(gone);
            _firstExpectedMs.Remove(gone.Address);
            Forget(gone.Address);
        }

        foreach (UniqueAddress added in ring.Where(node => !_receivers.ContainsKey(node)))
        {
            _receivers.Add(added, _cluster.Provider.ResolveActorRef(ClusterDaemon.HeartbeatReceiverPath(added.Address)));
            Forget(added.Address);
            _firstExpectedMs[added.Address] = Environment.TickCount64 + (long)_cluster.Settings.HeartbeatExpectedResponseAfter.TotalMilliseconds;
            SendTo(added);
        }
    }

    private void SendHeartbeats()
    {
        _sequenceNumber++;
        foreach (UniqueAddress node in _receivers.Keys)
        {
            SendTo(node);
            if (_firstExpectedMs.TryGetValue(node.Address, out long expectedMs) && expectedMs <= Environment.TickCount64)
            {
                // Starts the clock for a node that never answers.
                _firstExpectedMs.Remove(node.Address);
                if (!_failureDetector.IsMonitoring(node.Address))
                {
                    _failureDetector.Heartbeat(node.Address);
                }
            }
        }
    }

    private void SendTo(UniqueAddress node) => _receivers[node].Tell(new Heartbeat(_cluster.SelfAddress, _sequenceNumber));

    private void Answered(HeartbeatResponse response)
    {
        // Of this very run of the node: another one at its address says nothing of it.
        if (_receivers.ContainsKey(response.From))
        {
            _failureDetector.Heartbeat(response.From.Address);
            _cluster.Refusals.Forget(response.From.Address);
        }
    }

    private void NotConnected(AssociationErrorEvent failed)
    {
        if (failed.Cause is SocketException { SocketErrorCode: SocketError.ConnectionRefused } && _receivers.Keys.Any(node => node.Address == failed.RemoteAddress))
        {
            _cluster.Refusals.Refused(failed.RemoteAddress);
        }
    }

    private void Forget(Address node)
    {
        _failureDetector.Remove(node);
        _cluster.Refusals.Forget(node);
    }

    private sealed record Tick;
}
