using Akka.Actor;
using Akka.Coordination;

namespace Akka.Cluster.SBR;

/// <summary>
/// Decides by a strategy which side of a partition stays: <c>akka.cluster.downing-provider-class</c> is
/// <c>"Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"</c>.
/// </summary>
public class SplitBrainResolverProvider : IDowningProvider
{
    private readonly ActorSystem _system;
    private readonly Cluster _cluster;
    private readonly SplitBrainResolverSettings _settings;

    public SplitBrainResolverProvider(ActorSystem system, Cluster cluster)
    {
        _system = system;
        _cluster = cluster;
        _settings = new SplitBrainResolverSettings(system.Settings.Config);
    }

    public TimeSpan DownRemovalMargin => _settings.DowningStableAfter;

    public Props DowningActorProps
    {
        get
        {
            Cluster cluster = _cluster;
            SplitBrainResolverSettings settings = _settings;
            (IDowningStrategy strategy, LeaseHolder? lease) = Strategy();
            return Props.Create(() => new SplitBrainResolver(cluster, settings, strategy, lease));
        }
    }

    private (IDowningStrategy Strategy, LeaseHolder? Lease) Strategy()
    {
        if (_settings.DowningStrategy == SplitBrainResolverSettings.LeaseMajorityName)
        {
            LeaseMajoritySettings settings = _settings.LeaseMajoritySettings;
            Lease lease = LeaseProvider.Get(_system).GetLease(
                settings.SafeLeaseName(_system.Name), settings.LeaseImplementation, _cluster.SelfAddress.HostPort());
            return (new LeaseMajority(settings.Role), new LeaseHolder(lease, settings));
        }

        IDowningStrategy strategy = _settings.DowningStrategy switch
        {
            "static-quorum" => new StaticQuorum(_settings.StaticQuorumSettings),
            "keep-oldest" => new KeepOldest(_settings.KeepOldestSettings),
            "down-all" => new DownAll(),
            _ => new KeepMajority(_settings.KeepMajorityRole),
        };
        return (strategy, null);
    }
}

/// <summary>The lease of <see cref="LeaseMajority"/> and how it is used.</summary>
internal sealed record LeaseHolder(Lease Lease, LeaseMajoritySettings Settings);
