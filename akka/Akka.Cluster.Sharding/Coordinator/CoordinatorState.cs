using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>Which region has which shards. It is not stored: regions tell it to each new coordinator.</summary>
internal sealed class CoordinatorState
{
    private readonly Dictionary<string, IActorRef> _homes = [];
    private readonly HashSet<IActorRef> _shuttingDown = [];
    private readonly HashSet<IActorRef> _proxies = [];
    private ImmutableDictionary<IActorRef, IImmutableList<string>> _regions = ImmutableDictionary<IActorRef, IImmutableList<string>>.Empty;

    /// <summary>All regions with their shards, in the order in which they got them.</summary>
    public ImmutableDictionary<IActorRef, IImmutableList<string>> Regions => _regions;

    /// <summary>Those that take shards.</summary>
    public ImmutableDictionary<IActorRef, IImmutableList<string>> ActiveRegions => _regions.RemoveRange(_shuttingDown);

    /// <summary>Whoever may know where shards are.</summary>
    public IEnumerable<IActorRef> RegionsAndProxies => _regions.Keys.Concat(_proxies);

    /// <summary>Those that give their shards to others.</summary>
    public IReadOnlyCollection<IActorRef> ShuttingDown => _shuttingDown;

    public IActorRef? HomeOf(string shard) => _homes.GetValueOrDefault(shard);

    public bool IsActive(IActorRef region) => _regions.ContainsKey(region) && !_shuttingDown.Contains(region);

    public bool IsRegistered(IActorRef regionOrProxy) => _regions.ContainsKey(regionOrProxy) || _proxies.Contains(regionOrProxy);

    public void RegisterProxy(IActorRef proxy) => _proxies.Add(proxy);

    /// <param name="region">A region, new or known.</param>
    /// <param name="hosted">What it has.</param>
    /// <returns>Those of its shards that another region has as well; that one keeps them.</returns>
    public IReadOnlyList<string> Register(IActorRef region, IEnumerable<string> hosted)
    {
        _regions = _regions.ContainsKey(region) ? _regions : _regions.Add(region, ImmutableList<string>.Empty);
        List<string> conflicts = [];
        foreach (string shard in hosted)
        {
            if (HomeOf(shard) is not { } home)
            {
                Allocate(shard, region);
            }
            else if (!home.Equals(region))
            {
                conflicts.Add(shard);
            }
        }

        return conflicts;
    }

    /// <summary>Gives a shard that has no home to a region that is registered.</summary>
    public void Allocate(string shard, IActorRef region)
    {
        _homes.Add(shard, region);
        _regions = _regions.SetItem(region, _regions[region].Add(shard));
    }

    /// <returns>Whether the shard was that region's.</returns>
    public bool Deallocate(string shard, IActorRef region)
    {
        if (HomeOf(shard)?.Equals(region) != true)
        {
            return false;
        }

        _homes.Remove(shard);
        _regions = _regions.SetItem(region, _regions[region].Remove(shard));
        return true;
    }

    /// <summary>It gets no more shards, and keeps those that it has until they are deallocated.</summary>
    public void BeginShutdown(IActorRef region)
    {
        if (_regions.ContainsKey(region))
        {
            _shuttingDown.Add(region);
        }
    }

    /// <summary>The region, or proxy, is gone, and its shards have no home.</summary>
    public void Remove(IActorRef region)
    {
        _proxies.Remove(region);
        _shuttingDown.Remove(region);
        if (_regions.TryGetValue(region, out IImmutableList<string>? shards))
        {
            _regions = _regions.Remove(region);
            foreach (string shard in shards)
            {
                _homes.Remove(shard);
            }
        }
    }
}
