using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>The actor system.</summary>
internal sealed partial class ActorSystemImpl : ExtendedActorSystem
{
    private readonly ConcurrentDictionary<Type, Lazy<object>> _extensions = new();
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentStack<Action> _onTermination = new();
    private readonly LocalActorRef _root;
    private readonly LocalActorRef _userGuardian;
    private readonly LocalActorRef _systemGuardian;
    private readonly Lazy<Akka.Serialization.Serialization> _serialization;

    private long _lastUid;
    private int _terminating;

    public ActorSystemImpl(string name, Config config)
    {
        if (!ValidName().IsMatch(name))
        {
            throw new ArgumentException(
                $"Invalid ActorSystem name [{name}], must contain only word characters (i.e. [a-zA-Z0-9] plus non-leading '-' or '_')", nameof(name));
        }

        Name = name;
        ArgumentNullException.ThrowIfNull(config);
        Settings = new Settings(this, config);
        Provider = CreateProvider();
        _lastUid = Provider.FirstNumber;
        RootPath = (RootActorPath)Provider.RootPath;
        _serialization = new Lazy<Akka.Serialization.Serialization>(() => new Akka.Serialization.Serialization(this));
        EventStream = new EventStream(debug: false);
        EventStream.StartStdout(Settings);
        Log = new BusLogging(EventStream, $"ActorSystem({name})", typeof(ActorSystem), DefaultLogMessageFormatter.Instance);
        DeadLetterRef = new DeadLetterActorRef(this, RootPath / "deadLetters");
        Dispatchers = new Dispatchers(Settings.Config);
        Scheduler = CreateScheduler();
        MessageDispatcher dispatcher = Dispatchers.DefaultGlobalDispatcher;
        RootSupervisor supervisor = new(this, RootPath / "_Root-guardian-supervisor", OnRootStopped);
        _root = new LocalActorRef(this, Props.Create(() => new RootGuardian()), dispatcher, supervisor, RootPath);
        SupervisorStrategy strategy = SupervisorStrategyConfigurator.CreateConfigurator(Settings.SupervisorStrategyClass).Create();
        _userGuardian = _root.Cell.Children.AddNew("user", _root, () => new LocalActorRef(
            this, Props.Create(() => new UserGuardian(strategy)), dispatcher, _root, new ChildActorPath(RootPath, "user", NextUid())));
        IActorRef userGuardian = _userGuardian;
        _systemGuardian = _root.Cell.Children.AddNew("system", _root, () => new LocalActorRef(
            this, Props.Create(() => new SystemGuardian(userGuardian)), dispatcher, _root, new ChildActorPath(RootPath, "system", NextUid())));
    }

    public override string Name { get; }

    public override Settings Settings { get; }

    public override LocalActorRefProvider Provider { get; }

    public override Akka.Serialization.Serialization Serialization => _serialization.Value;

    public override EventStream EventStream { get; }

    public override IActorRef DeadLetters => DeadLetterRef;

    public override Dispatchers Dispatchers { get; }

    public override IScheduler Scheduler { get; }

    public override ILoggingAdapter Log { get; }

    public override Task WhenTerminated => _terminated.Task;

    public DeadLetterActorRef DeadLetterRef { get; }

    public IInternalActorRef RootGuardianRef => _root;

    public LocalActorRef UserGuardianRef => _userGuardian;

    public RootActorPath RootPath { get; }

    public bool IsTerminating => Volatile.Read(ref _terminating) != 0;

    public void Start()
    {
        _root.Start();
        _root.Tell(new RootGuardian.WatchSystemGuardian(_systemGuardian));
        _userGuardian.Start();
        _systemGuardian.Start();
        Loggers.Start(this);
        _ = CoordinatedShutdown.Get(this);
        try
        {
            Provider.Start();
        }
        catch
        {
            FinalTerminate();
            throw;
        }
    }

    public long NextUid() => Interlocked.Increment(ref _lastUid);

    public override IActorRef ActorOf(Props props, string? name = null) => _userGuardian.Cell.CreateChild(props, name);

    public override IActorRef SystemActorOf(Props props, string? name = null) => _systemGuardian.Cell.CreateChild(props, name);

    public override IActorRef SystemActorOf<TActor>(string? name = null) => SystemActorOf(Props.Create<TActor>(), name);

    public override ActorSelection ActorSelection(ActorPath actorPath) =>
        new(Provider.RootGuardianAt(actorPath.Address), actorPath.Elements);

    public override ActorSelection ActorSelection(string actorPath) => Akka.Actor.ActorSelection.Parse(actorPath, this, _root);

    public override void Stop(IActorRef actor)
    {
        IInternalActorRef target = (IInternalActorRef)actor;
        (target.Parent as LocalActorRef)?.Cell.Children.ShallDie(target);
        target.Stop();
    }

    public override Task Terminate()
    {
        if (Settings.CoordinatedShutdownRunByActorSystemTerminate)
        {
            _ = CoordinatedShutdown.Get(this).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
        }
        else
        {
            FinalTerminate();
        }

        return WhenTerminated;
    }

    public void FinalTerminate()
    {
        if (Interlocked.Exchange(ref _terminating, 1) == 0)
        {
            _userGuardian.Stop();
        }
    }

    public override void RegisterOnTermination(Action code)
    {
        if (WhenTerminated.IsCompleted)
        {
            throw new InvalidOperationException("ActorSystem already terminated.");
        }

        _onTermination.Push(code);
    }

    public override object RegisterExtension(IExtensionId extension)
    {
        ArgumentNullException.ThrowIfNull(extension);
        return _extensions.GetOrAdd(
            extension.ExtensionType, _ => new Lazy<object>(() => extension.CreateExtension(this))).Value;
    }

    public override object? GetExtension(IExtensionId extensionId) =>
        _extensions.TryGetValue(extensionId.ExtensionType, out Lazy<object>? extension) ? extension.Value : null;

    public override T GetExtension<T>() => TryGetExtension(out T extension) ? extension : null!;

    public override bool HasExtension(Type type) => _extensions.ContainsKey(type);

    public override bool HasExtension<T>() => HasExtension(typeof(T));

    public override bool TryGetExtension(Type extensionType, out object extension)
    {
        bool found = _extensions.TryGetValue(extensionType, out Lazy<object>? lazy);
        extension = lazy?.Value!;
        return found;
    }

    public override bool TryGetExtension<T>(out T extension)
    {
        bool found = TryGetExtension(typeof(T), out object untyped);
        extension = (T)untyped;
        return found;
    }

    public override string ToString() => _root.Path.Address.ToString();

    [GeneratedRegex("^[a-zA-Z0-9][a-zA-Z0-9-_]*$")]
    private static partial Regex ValidName();

    private LocalActorRefProvider CreateProvider()
    {
        Type type = Type.GetType(Settings.ProviderClass)
            ?? throw new ConfigurationException($"akka.actor.provider needs the type '{Settings.ProviderClass}', which is not there: is its assembly referenced?");
        return (LocalActorRefProvider)Activator.CreateInstance(type, this)!;
    }

    private IScheduler CreateScheduler()
    {
        Type type = Type.GetType(Settings.SchedulerClass)
            ?? throw new ConfigurationException($"akka.scheduler.implementation names the unknown type '{Settings.SchedulerClass}'.");
        return (IScheduler)Activator.CreateInstance(type, Settings.Config, Log)!;
    }

    private void OnRootStopped()
    {
        // Not in the root's last turn: callbacks may be slow, and the dispatchers end here.
        Dispatchers.DefaultGlobalDispatcher.Schedule(() => _ = AfterRootStopped());
    }

    private async Task AfterRootStopped()
    {
        try
        {
            await Provider.StopAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Log.Error(failure, "Remoting did not stop cleanly");
        }

        while (_onTermination.TryPop(out Action? code))
        {
            try
            {
                code();
            }
            catch (Exception failure)
            {
                Log.Error(failure, "A termination callback failed");
            }
        }

        (Scheduler as IDisposable)?.Dispose();
        Dispatchers.Shutdown();
        _terminated.TrySetResult();
    }
}
