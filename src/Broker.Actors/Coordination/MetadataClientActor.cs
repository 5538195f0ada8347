using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Coordination;

/// <summary>
/// A node's link to the coordinator, wherever that is: passes its commands on, and keeps its image of the metadata.
///
/// N1. The image only becomes newer, commit by commit, none left out. What it missed the coordinator tells it again, or, when that does not remember it, the store.
/// N2. A reply reaches its asker when the node has taken in the metadata that it is about, not before.
/// N3. A command that got lost, on its way or with the coordinator that had it, fails as soon as the coordinator says that it does not know it; what became of it is in doubt.
/// N4. It is confirmed that the metadata are what the node shows by a look into the store that began after that was asked for.
/// N5. When the coordinator ends, the next one knows of this node as soon as it serves: what this one commits nobody waits to hear of.
/// </summary>
internal sealed class MetadataClientActor : ReceiveActor, IWithTimers
{
    // Who leads to the coordinator may hear of its end a moment later than this node, and pass on in vain what comes before. One that is told of as ended as soon as it answers is not asked all the time.
    private static readonly TimeSpan FirstAttachAgainAfter = TimeSpan.FromMilliseconds(20);

    // Who asked has lost patience by then, and was told that the outcome is in doubt.
    private static readonly TimeSpan ForgetAfter = CoordinatorTimeouts.Command * 2;

    // A store that comes back is noticed within this.
    private static readonly TimeSpan ReadAgainAfter = TimeSpan.FromSeconds(1);

    // Whoever asks for what is not there again and again does not have the store asked as often.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    // Clients wait meanwhile, and may be told something that they can act upon.
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(5);

    private readonly MetadataClientServices _services;
    private readonly Dictionary<long, (IActorRef Asker, long Since)> _asked = [];
    private readonly List<(long Version, IActorRef Asker, object Reply)> _held = [];
    private IActorRef? _manager;

    // The one that was heard of last; null: it has ended.
    private IActorRef? _coordinator;
    private long _heardSince;
    private TimeSpan _attachAgainAfter = FirstAttachAgainAfter;
    private MetadataImage _image;
    private MetadataImage _published;
    private long _lastId;
    private long _wanted;
    private bool _reading;
    private bool _hasAskedAgain;
    private List<IActorRef> _confirming = [];
    private bool _looking;
    private long? _lastLook;

    public MetadataClientActor(MetadataClientServices services)
    {
        _services = services;
        _image = _published = services.View.Current;
        _wanted = _image.Version;
        Receive<CoordinatorAnswer>(OnAnswer);
        Receive<MetadataLoss>(OnAttached);
        Receive<Terminated>(OnCoordinatorGone, gone => gone.ActorRef.Equals(_coordinator));
        Receive<Terminated>(_ => { });
        Receive<RequestsKnown>(OnKnown);
        Receive<ManageWith>(with => _manager = with.Manager);
        Receive<Attach>(_ => OnAttachAgain());
        Receive<AttachToNext>(_ => OnAttachToNext());
        Receive<ImageRead>(read => OnRead(read.Image));
        Receive<ReadFailed>(OnReadFailed);
        Receive<ReadAgain>(_ => CatchUp());
        Receive<ConfirmMetadata>(_ => OnConfirm());
        Receive<LookNow>(_ => Look());
        Receive<Looked>(OnLooked);
        ReceiveAny(Ask);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        OnAttach();
        Timers.StartPeriodicTimer(nameof(Attach), Attach.Instance, _services.AttachEvery);
    }

    private void Ask(object command)
    {
        long id = ++_lastId;
        _asked[id] = (Sender, _services.Clock.GetTimestamp());
        _services.Coordinator.Tell(new CoordinatorRequest(id, command), Self);
    }

    private void OnAttachAgain()
    {
        _hasAskedAgain = false;
        OnAttach();
    }

    private void OnAttach()
    {
        _services.Coordinator.Tell(new AttachFollower(_image.Version, _asked.Count > 0 ? _lastId : 0), Self);
        foreach ((long id, _) in _asked.Where(one => _services.Clock.GetElapsedTime(one.Value.Since) > ForgetAfter).ToArray())
        {
            _asked.Remove(id);
        }
    }

    // Each attachment is answered with this.
    private void OnAttached(MetadataLoss loss)
    {
        _services.View.Publish(loss);
        if (!Sender.Equals(_coordinator))
        {
            _ = _coordinator is null ? null : Context.Unwatch(_coordinator);
            _coordinator = Context.Watch(Sender);
            _heardSince = _services.Clock.GetTimestamp();
        }
    }

    private void OnCoordinatorGone(Terminated gone)
    {
        _coordinator = null;
        if (_services.Clock.GetElapsedTime(_heardSince) >= _services.AttachEvery)
        {
            _attachAgainAfter = FirstAttachAgainAfter;
        }

        AttachToNextSoon();
    }

    private void OnAttachToNext()
    {
        if (_coordinator is null)
        {
            OnAttach();
            AttachToNextSoon();
        }
    }

    // Each time after twice the pause; then comes what comes anyway.
    private void AttachToNextSoon()
    {
        if (_attachAgainAfter < _services.AttachEvery)
        {
            Timers.StartSingleTimer(nameof(AttachToNext), AttachToNext.Instance, _attachAgainAfter);
            _attachAgainAfter *= 2;
        }
    }

    // Answers that were given before have come before.
    private void OnKnown(RequestsKnown known)
    {
        HashSet<long> pending = [.. known.Pending];
        foreach ((long id, (IActorRef asker, _)) in _asked.Where(one => one.Key <= known.NewestRequest && !pending.Contains(one.Key)).ToArray())
        {
            _asked.Remove(id);
            _held.Add((_image.Version, asker, new CommandFailed(StorageErrorKind.Unavailable, "the coordinator does not know of it, it was lost with the one before or on its way; whether it was done is unknown", IsInDoubt: true)));
        }

        Publish();
    }

    private void OnAnswer(CoordinatorAnswer answer)
    {
        foreach ((long id, object reply) in answer.Replies)
        {
            if (_asked.Remove(id, out (IActorRef Asker, long) asked))
            {
                _held.Add((answer.Version, asked.Asker, reply));
            }
        }

        if (answer.Version > _image.Version)
        {
            Take(answer);
        }

        Publish();
    }

    private void Take(CoordinatorAnswer answer)
    {
        _wanted = Math.Max(_wanted, answer.Version);
        if (answer.Image is { } image)
        {
            _image = image;
        }
        else if (answer.Batch is { } batch && answer.PreviousVersion == _image.Version)
        {
            _image = _image.Apply(batch, answer.Version);
            _hasAskedAgain = false;
        }
        else if (answer.Batch is not null)
        {
            AskForMissed();
        }
        else
        {
            CatchUp();
        }
    }

    // More commits may come before those that were missed: one question is enough for all of them.
    private void AskForMissed()
    {
        if (!_hasAskedAgain)
        {
            _hasAskedAgain = true;
            OnAttach();
        }
    }

    private void CatchUp()
    {
        if (!_reading && _image.Version < _wanted)
        {
            _reading = true;
            _services.ReadAsync(CancellationToken.None).PipeTo(Self, success: image => new ImageRead(image), failure: cause => new ReadFailed(cause));
        }
    }

    private void OnRead(MetadataImage image)
    {
        _reading = false;
        if (image.Version > _image.Version)
        {
            _image = image;
            Publish();
        }

        CatchUp();
    }

    private void OnReadFailed(ReadFailed failed)
    {
        _reading = false;
        if (_image.Version >= _wanted)
        {
            // The coordinator has told it meanwhile.
            return;
        }

        MetadataClientLog.ReadFailed(_services.Log, failed.Cause.Message, ReadAgainAfter);
        Timers.StartSingleTimer(nameof(ReadAgain), ReadAgain.Instance, ReadAgainAfter);
    }

    private void OnConfirm()
    {
        _confirming.Add(Sender);
        Look();
    }

    private void Look()
    {
        if (_looking || _confirming.Count == 0)
        {
            return;
        }

        if (_lastLook is { } last && _services.Clock.GetElapsedTime(last) is var since && since < LookEvery)
        {
            Timers.StartSingleTimer(nameof(LookNow), LookNow.Instance, LookEvery - since);
            return;
        }

        _looking = true;
        _lastLook = _services.Clock.GetTimestamp();
        List<IActorRef> askers = _confirming;
        _confirming = [];
        LookAsync(_image.Version).PipeTo(Self, success: newer => new Looked(newer, true, askers), failure: _ => new Looked(null, false, askers));
    }

    // Null: nothing is newer.
    private async Task<MetadataImage?> LookAsync(long version)
    {
        using CancellationTokenSource patience = new(LookPatience, _services.Clock);
        return await _services.HasNewerAsync(version, patience.Token) ? await _services.ReadAsync(patience.Token) : null;
    }

    // The answers go behind what was found: a partition that another node leads is closed by then.
    private void OnLooked(Looked looked)
    {
        _looking = false;
        if (looked.Newer is { } image && image.Version > _image.Version)
        {
            _image = image;
        }

        _held.AddRange(looked.Askers.Select(asker => (_image.Version, asker, (object)new MetadataConfirmed(looked.IsKnown))));
        Publish();
        Look();
    }

    private void Publish()
    {
        (IActorRef, object)[] due = [.. _held.Where(one => one.Version <= _image.Version).Select(one => (one.Asker, WithImage(one.Reply)))];
        _held.RemoveAll(one => one.Version <= _image.Version);
        if (due.Length > 0 || !ReferenceEquals(_image, _published))
        {
            _published = _image;
            Show(due);
        }
    }

    // While the node starts there are no partitions to bring in line first.
    private void Show((IActorRef To, object Message)[] due)
    {
        if (_manager is not null)
        {
            _manager.Tell(new ImageCommitted(_image, due));
            return;
        }

        _services.View.Publish(_image);
        foreach ((IActorRef to, object message) in due)
        {
            to.Tell(message);
        }
    }

    // Images do not travel: a node's own is as new as the reply, or newer.
    private object WithImage(object reply) => reply switch
    {
        StreamsOpened opened => opened with { Image = _image },
        StreamsAreClosed => new StreamsAreClosed(_image),
        StreamsTrimmed => new StreamsTrimmed(_image),
        CompactionCommitted => new CompactionCommitted(_image),
        ObjectIdsAreClosed => new ObjectIdsAreClosed(_image),
        _ => reply,
    };

    private sealed record Attach
    {
        public static readonly Attach Instance = new();
    }

    private sealed record AttachToNext
    {
        public static readonly AttachToNext Instance = new();
    }

    private sealed record ReadAgain
    {
        public static readonly ReadAgain Instance = new();
    }

    private sealed record LookNow
    {
        public static readonly LookNow Instance = new();
    }

    /// <param name="Newer">Null: there is nothing newer than the node had, or it is not known.</param>
    /// <param name="IsKnown">Whether the store has answered.</param>
    /// <param name="Askers">Who waits for it.</param>
    private sealed record Looked(MetadataImage? Newer, bool IsKnown, IReadOnlyList<IActorRef> Askers);

    private sealed record ImageRead(MetadataImage Image);

    private sealed record ReadFailed(Exception Cause);
}

/// <summary>
/// From now on new metadata go to the node's <see cref="Partitions.PartitionManagerActor"/>, which brings the node in line with them before anybody is shown them. What there is
/// already comes with the answer to the node's opening of its streams: before that it leads nothing.
/// </summary>
internal sealed record ManageWith(IActorRef Manager);

/// <summary>What a <see cref="MetadataClientActor"/> works with.</summary>
/// <param name="Coordinator">The coordinator, or what leads to it.</param>
/// <param name="View">Holds the metadata that the node begins with, and is kept up by the client until there is a manager.</param>
/// <param name="ReadAsync">Reads the metadata from the store as they are now.</param>
/// <param name="HasNewerAsync">Whether the store may have newer metadata than those of a version.</param>
internal sealed record MetadataClientServices(
    ICanTell Coordinator, MetadataView View, Func<CancellationToken, Task<MetadataImage>> ReadAsync, Func<long, CancellationToken, Task<bool>> HasNewerAsync, TimeProvider Clock, ILogger Log)
{
    /// <summary>How often the coordinator is told that this node listens: one that took the place of another unnoticed knows it within this.</summary>
    public TimeSpan AttachEvery { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>Asks whether the metadata that the node shows are the newest. Answered with <see cref="MetadataConfirmed"/> once it shows those that the store has.</summary>
internal sealed record ConfirmMetadata
{
    public static readonly ConfirmMetadata Instance = new();
}

/// <summary>What the store says (N4).</summary>
/// <param name="IsKnown">The node shows what the store had when it was asked. False: the store did not answer.</param>
internal sealed record MetadataConfirmed(bool IsKnown);

internal static partial class MetadataClientLog
{
    [LoggerMessage(EventId = 5101, EventName = "MetadataReadFailed", Level = LogLevel.Warning, Message = "Metadata that this node has missed cannot be read ({Problem}); it is tried again every {Delay}")]
    public static partial void ReadFailed(ILogger log, string problem, TimeSpan delay);
}
