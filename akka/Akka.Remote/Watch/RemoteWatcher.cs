using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Remote.Watch;

/// <summary>
/// Death watch between systems. For actors here it watches actors elsewhere: it asks the watcher of the other system,
/// once for all who watch the same actor, and asks again at each fifth heartbeat, so that it does not matter what was
/// lost on the way. For other systems it watches actors here. An actor counts as ended, too, when its system does not
/// answer heartbeats any more; members of a cluster are the cluster's to judge.
/// </summary>
internal sealed class RemoteWatcher : ReceiveActor, IWithTimers
{
    public const string Name = "remote-watcher";

    /// <summary>Heartbeats between two requests for the same watch.</summary>
    private const int HeartbeatsPerRewatch = 5;

    private readonly Dictionary<Address, WatchedNode> _nodes = [];
    private readonly Dictionary<IActorRef, Dictionary<IActorRef, string>> _watchedHere = [];
    private readonly HashSet<Address> _members = [];
    private readonly RemoteActorRefProvider _provider;
    private readonly DefaultFailureDetectorRegistry<Address> _failureDetector;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly TimeSpan _heartbeatInterval;
    private readonly TimeSpan _reaperInterval;
    private long _ticks;

    public RemoteWatcher(RemoteActorRefProvider provider)
    {
        _provider = provider;
        ActorSystem system = Context.System;
        Config config = system.Settings.Config.GetConfig("akka.remote.watch-failure-detector");
        _heartbeatInterval = config.GetTimeSpan("heartbeat-interval", allowInfinite: false);
        _reaperInterval = config.GetTimeSpan("unreachable-nodes-reaper-interval", allowInfinite: false);
        string detector = config.GetString("implementation-class");
        _failureDetector = new DefaultFailureDetectorRegistry<Address>(() => FailureDetectorLoader.Load(detector, config, system));

        Receive<WatchRemote>(watch => AddWatcher(watch.Watchee, watch.Watcher));
        Receive<UnwatchRemote>(unwatch => RemoveWatcher(unwatch.Watchee, unwatch.Watcher));
        Receive<WatchPath>(watch => WatchHere(watch.Path));
        Receive<UnwatchPath>(unwatch => UnwatchHere(unwatch.Path));
        Receive<PathStopped>(Stopped);
        Receive<WatchHeartbeat>(_ => Sender.Tell(new WatchHeartbeatResponse(_provider.Remoting.Uid)));
        Receive<WatchHeartbeatResponse>(HeartbeatAnswered);
        Receive<Terminated>(terminated => StoppedHere(terminated.ActorRef));
        Receive<NodeJoined>(joined => _members.Add(joined.Node));
        Receive<NodeGone>(gone => NodeIsGone(gone.Node, gone.Uid));
        Receive<Tick>(tick => OnTick(tick));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(Tick.Heartbeat, Tick.Heartbeat, _heartbeatInterval);
        Timers.StartPeriodicTimer(Tick.Reap, Tick.Reap, _reaperInterval);
    }

    private void AddWatcher(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        Address address = watchee.Path.Address;
        if (!_nodes.TryGetValue(address, out WatchedNode? node))
        {
            node = new WatchedNode(WatcherAt(address));
            _nodes.Add(address, node);

            // Starts the clock for a system that never answers.
            _failureDetector.Heartbeat(address);
            node.Watcher.Tell(WatchHeartbeat.Instance);
        }

        if (!node.Watchees.TryGetValue(watchee, out HashSet<IInternalActorRef>? watchers))
        {
            watchers = [];
            node.Watchees.Add(watchee, watchers);
            node.Watcher.Tell(new WatchPath(watchee.Path.ToSerializationFormat()));
        }

        watchers.Add(watcher);
    }

    private void RemoveWatcher(IInternalActorRef watchee, IInternalActorRef watcher)
    {
        if (_nodes.TryGetValue(watchee.Path.Address, out WatchedNode? node)
            && node.Watchees.TryGetValue(watchee, out HashSet<IInternalActorRef>? watchers)
            && watchers.Remove(watcher) && watchers.Count == 0)
        {
            node.Watcher.Tell(new UnwatchPath(watchee.Path.ToSerializationFormat()));
            Forget(node, watchee);
        }
    }

    private void Stopped(PathStopped stopped)
    {
        if (_provider.ResolveActorRef(stopped.Path) is IInternalActorRef watchee
            && _nodes.TryGetValue(watchee.Path.Address, out WatchedNode? node)
            && node.Watchees.TryGetValue(watchee, out HashSet<IInternalActorRef>? watchers))
        {
            Forget(node, watchee);
            Notify(watchee, watchers, stopped.Existed, addressTerminated: false);
        }
    }

    private void Forget(WatchedNode node, IInternalActorRef watchee)
    {
        node.Watchees.Remove(watchee);
        if (node.Watchees.Count == 0)
        {
            _nodes.Remove(watchee.Path.Address);
            _failureDetector.Remove(watchee.Path.Address);
        }
    }

    private void HeartbeatAnswered(WatchHeartbeatResponse response)
    {
        Address address = Sender.Path.Address;
        if (_nodes.TryGetValue(address, out WatchedNode? node))
        {
            _failureDetector.Heartbeat(address);
            if (node.Uid != response.Uid)
            {
                node.Uid = response.Uid;
                WatchAgain(node);
            }
        }
    }

    private static void WatchAgain(WatchedNode node)
    {
        foreach (IInternalActorRef watchee in node.Watchees.Keys)
        {
            node.Watcher.Tell(new WatchPath(watchee.Path.ToSerializationFormat()));
        }
    }

    private void OnTick(Tick tick)
    {
        if (tick == Tick.Reap)
        {
            foreach (Address silent in _nodes.Keys.Where(node => !_members.Contains(node) && !_failureDetector.IsAvailable(node)).ToArray())
            {
                _log.Warning("Detected unreachable: [{0}]; actors there that are watched count as terminated", silent);
                int? uid = _nodes[silent].Uid;
                NodeIsGone(silent, uid);
                if (uid is not null)
                {
                    _provider.Remoting.Quarantine(silent, uid);
                }
            }

            return;
        }

        bool again = ++_ticks % HeartbeatsPerRewatch == 0;
        foreach ((Address address, WatchedNode node) in _nodes)
        {
            if (!_members.Contains(address))
            {
                node.Watcher.Tell(WatchHeartbeat.Instance);
            }

            if (again)
            {
                WatchAgain(node);
            }
        }
    }

    private void NodeIsGone(Address address, int? uid)
    {
        _members.Remove(address);
        if (_nodes.TryGetValue(address, out WatchedNode? node) && (uid is null || node.Uid is null || node.Uid == uid))
        {
            _nodes.Remove(address);
            _failureDetector.Remove(address);
            foreach ((IInternalActorRef watchee, HashSet<IInternalActorRef> watchers) in node.Watchees)
            {
                Notify(watchee, watchers, existed: false, addressTerminated: true);
            }
        }

        foreach ((IActorRef watchee, Dictionary<IActorRef, string> requesters) in _watchedHere.ToArray())
        {
            foreach (IActorRef requester in requesters.Keys.Where(each => each.Path.Address == address).ToArray())
            {
                StopWatchingFor(requester, watchee, requesters);
            }
        }
    }

    private void WatchHere(string path)
    {
        IActorRef watchee = _provider.ResolveActorRef(path);
        if (watchee is not IInternalActorRef { IsLocal: true, IsTerminated: false })
        {
            Sender.Tell(new PathStopped(path, Existed: false));
            return;
        }

        if (!_watchedHere.TryGetValue(watchee, out Dictionary<IActorRef, string>? requesters))
        {
            requesters = [];
            _watchedHere.Add(watchee, requesters);
            Context.Watch(watchee);
        }

        requesters[Sender] = path;
    }

    private void UnwatchHere(string path)
    {
        IActorRef watchee = _provider.ResolveActorRef(path);
        if (_watchedHere.TryGetValue(watchee, out Dictionary<IActorRef, string>? requesters))
        {
            StopWatchingFor(Sender, watchee, requesters);
        }
    }

    private void StopWatchingFor(IActorRef requester, IActorRef watchee, Dictionary<IActorRef, string> requesters)
    {
        if (requesters.Remove(requester) && requesters.Count == 0)
        {
            _watchedHere.Remove(watchee);
            Context.Unwatch(watchee);
        }
    }

    private void StoppedHere(IActorRef watchee)
    {
        if (_watchedHere.Remove(watchee, out Dictionary<IActorRef, string>? requesters))
        {
            foreach ((IActorRef requester, string path) in requesters)
            {
                requester.Tell(new PathStopped(path, Existed: true));
            }
        }
    }

    private static void Notify(IInternalActorRef watchee, HashSet<IInternalActorRef> watchers, bool existed, bool addressTerminated)
    {
        foreach (IInternalActorRef watcher in watchers)
        {
            watcher.SendSystemMessage(new DeathWatchNotification(watchee, existed, addressTerminated));
        }
    }

    private IActorRef WatcherAt(Address address) => _provider.ResolveActorRef(new RootActorPath(address) / "system" / Name);

    /// <summary>An actor here watches one elsewhere.</summary>
    internal sealed record WatchRemote(IInternalActorRef Watchee, IInternalActorRef Watcher);

    internal sealed record UnwatchRemote(IInternalActorRef Watchee, IInternalActorRef Watcher);

    /// <summary>From now on the cluster says whether that node is there.</summary>
    internal sealed record NodeJoined(Address Node);

    /// <summary>Whatever is watched on that node counts as ended; null for all its runs.</summary>
    internal sealed record NodeGone(Address Node, int? Uid);

    private enum Tick
    {
        Heartbeat,
        Reap,
    }

    /// <summary>A system of which actors are watched.</summary>
    private sealed class WatchedNode(IActorRef watcher)
    {
        public IActorRef Watcher { get; } = watcher;

        public Dictionary<IInternalActorRef, HashSet<IInternalActorRef>> Watchees { get; } = [];

        /// <summary>The run that answered last; null before the first answer.</summary>
        public int? Uid { get; set; }
    }
}
