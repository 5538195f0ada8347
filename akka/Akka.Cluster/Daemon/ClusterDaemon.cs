using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>
/// The parent of the cluster's actors. When one of them fails or ends, the node's part in the cluster ends: half a
/// member would be worse than none.
/// </summary>
internal sealed class ClusterDaemon : ReceiveActor
{
    public const string Name = "cluster";

    private readonly Cluster _cluster;
    private IActorRef _core = ActorRefs.Nobody;
    private bool _wasDowned;

    public ClusterDaemon(Cluster cluster)
    {
        _cluster = cluster;
        Receive<Downed>(_ => _wasDowned = true);
        Receive<Terminated>(_ => Context.Stop(Self));
        ReceiveAny(message => _core.Forward(message));
    }

    public static ActorPath CorePath(Address address) => new RootActorPath(address) / "system" / Name / "core";

    public static ActorPath HeartbeatReceiverPath(Address address) => new RootActorPath(address) / "system" / Name / "heartbeatReceiver";

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(failure =>
    {
        _cluster.Log.Error(failure, "Cluster node [{0}]: an actor of the cluster failed, the node's part in it ends: {1}", _cluster.SelfAddress, failure.Message);
        _wasDowned = true;
        return Directive.Stop;
    });

    protected override void PreStart()
    {
        _cluster.DaemonStarts(Self);
        string dispatcher = _cluster.Settings.UseDispatcher;
        Cluster cluster = _cluster;
        IActorRef sender = Context.ActorOf(Props.Create(() => new ClusterHeartbeatSender(cluster)).WithDispatcher(dispatcher), "heartbeatSender");
        Context.ActorOf(Props.Create(() => new ClusterHeartbeatReceiver(cluster)).WithDispatcher(dispatcher), "heartbeatReceiver");
        _core = Context.ActorOf(Props.Create(() => new ClusterCore(cluster, sender)).WithDispatcher(dispatcher), "core");
        Context.Watch(sender);
        Context.Watch(_core);
        if (_cluster.DowningProvider.DowningActorProps is { } downing)
        {
            Context.Watch(Context.ActorOf(downing.WithDispatcher(dispatcher), "downingProvider"));
        }
    }

    protected override void PostStop()
    {
        _cluster.Shutdown();
        if (_wasDowned && _cluster.Settings.RunCoordinatedShutdownWhenDown)
        {
            _ = CoordinatedShutdown.Get(Context.System).Run(CoordinatedShutdown.ClusterDowningReason.Instance);
        }
    }

    /// <summary>The core ends because the node was downed.</summary>
    internal sealed record Downed
    {
        public static readonly Downed Instance = new();
    }
}
