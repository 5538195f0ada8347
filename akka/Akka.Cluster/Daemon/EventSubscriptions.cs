using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Who is told what of the cluster.</summary>
internal sealed class EventSubscriptions
{
    private readonly Dictionary<IActorRef, HashSet<Type>> _types = [];
    private readonly HashSet<IActorRef> _states = [];

    /// <summary>Subscribes, and tells how things are.</summary>
    public void Subscribe(SubscribeTo request, MembershipState state)
    {
        if (request.Mode == ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot)
        {
            request.Subscriber.Tell(state.ToCurrentState());
        }
        else
        {
            MembershipState nothing = new(Gossip.Empty, state.Self);
            foreach (ClusterEvent.IClusterDomainEvent each in ClusterEventDiff.Between(nothing, state).Where(each => IsOf(each, request.Types)))
            {
                request.Subscriber.Tell(each);
            }
        }

        if (!_types.TryGetValue(request.Subscriber, out HashSet<Type>? types))
        {
            types = [];
            _types.Add(request.Subscriber, types);
        }

        types.UnionWith(request.Types);
    }

    public void SubscribeToStates(IActorRef subscriber, MembershipState state)
    {
        _states.Add(subscriber);
        subscriber.Tell(state);
    }

    /// <param name="subscriber">Whose subscription ends.</param>
    /// <param name="type">Null for all of them.</param>
    /// <returns>True when nothing of it is left.</returns>
    public bool Unsubscribe(IActorRef subscriber, Type? type)
    {
        if (type is null)
        {
            _types.Remove(subscriber);
            _states.Remove(subscriber);
        }
        else if (_types.TryGetValue(subscriber, out HashSet<Type>? types) && types.Remove(type) && types.Count == 0)
        {
            _types.Remove(subscriber);
        }

        return !_types.ContainsKey(subscriber) && !_states.Contains(subscriber);
    }

    public void Publish(MembershipState before, MembershipState now)
    {
        foreach (IActorRef subscriber in _states)
        {
            subscriber.Tell(now);
        }

        foreach (ClusterEvent.IClusterDomainEvent each in ClusterEventDiff.Between(before, now))
        {
            Publish(each);
        }
    }

    public void Publish(ClusterEvent.IClusterDomainEvent what)
    {
        foreach ((IActorRef subscriber, HashSet<Type> types) in _types)
        {
            if (IsOf(what, types))
            {
                subscriber.Tell(what);
            }
        }
    }

    private static bool IsOf(ClusterEvent.IClusterDomainEvent what, IEnumerable<Type> types) => types.Any(type => type.IsInstanceOfType(what));
}
