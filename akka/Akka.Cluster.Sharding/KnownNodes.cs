using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>Which nodes are members, as of now: what was removed is known here before anybody is told.</summary>
internal sealed class KnownNodes(Cluster cluster)
{
    private readonly HashSet<Address> _addresses = [];
    private MembershipState? _seen;

    public bool HasNodeOf(IActorRef actor) => actor.Path.Address is var address && (address.HasLocalScope || Current().Contains(address));

    private HashSet<Address> Current()
    {
        MembershipState state = cluster.CurrentState;
        if (!ReferenceEquals(state, _seen))
        {
            _seen = state;
            _addresses.Clear();
            _addresses.UnionWith(state.Gossip.Members.Select(member => member.Address));
        }

        return _addresses;
    }
}
