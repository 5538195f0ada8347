using Akka.Actor;
using Akka.Remote.Transport;
using Akka.Remote.Watch;

namespace Akka.Remote;

/// <summary>Finds actors by their paths on all systems that can be reached by TCP.</summary>
internal class RemoteActorRefProvider : LocalActorRefProvider
{
    /// <summary>Leaves more numbers above it than will ever be used.</summary>
    private const long MaxFirstNumber = 1L << 52;

    private readonly Lazy<TcpRemoting> _remoting;
    private IActorRef? _watcher;

    /// <summary>Numbers begin anywhere, so that references to an earlier run at the same address, and answers to it, find nobody.</summary>
    public RemoteActorRefProvider(ActorSystemImpl system)
        : base(system, Random.Shared.NextInt64(MaxFirstNumber))
    {
        system.Settings.InjectTopLevelFallback(RemoteReferenceConfig.Default);
        _remoting = new Lazy<TcpRemoting>(() => new TcpRemoting(this, new TcpSettings(system.Settings.Config)));
    }

    public TcpRemoting Remoting => _remoting.Value;

    /// <summary>Watches actors of other systems on behalf of those here, and the other way round.</summary>
    public IActorRef Watcher => _watcher ?? throw new InvalidOperationException("Remoting has not been started.");

    public override Address DefaultAddress => Remoting.Address;

    /// <inheritdoc/>
    /// <exception cref="RemoteTransportException">The port can't be listened on.</exception>
    public override void Start()
    {
        _ = System.Serialization;
        Remoting.Listen();
        _watcher = System.SystemActorOf(Props.Create(() => new RemoteWatcher(this)), RemoteWatcher.Name);
        Remoting.Accept();
    }

    public override Task StopAsync() => Remoting.StopAsync();

    public override Address? GetExternalAddressFor(Address address) =>
        address.HasLocalScope ? base.GetExternalAddressFor(address) : Remoting.Address;

    public override IActorRef ResolveActorRef(ActorPath actorPath) => IsOwn(actorPath.Address)
        ? ResolveLocal(actorPath)
        : TcpRemoting.CanReach(actorPath.Address)
            ? new RemoteActorRef(this, actorPath)
            : DeadLetters;

    public override IActorRef RootGuardianAt(Address address) => IsOwn(address)
        ? System.RootGuardianRef
        : ResolveActorRef(new RootActorPath(address));

    public bool IsOwn(Address address) => address == Remoting.Address || address == RootPath.Address;
}
