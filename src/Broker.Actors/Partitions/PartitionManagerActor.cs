using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Partitions;

/// <summary>
/// Brings this node in line with each new metadata image: forgets the partitions that it no longer leads, shows the image, closes those, and opens the ones that it leads now, with the group
/// coordinators that live on them: what they load is of that image, or a newer one. Only then do the coordinator's replies go out: who hears that a topic exists can use it.
/// </summary>
internal sealed class PartitionManagerActor : ReceiveActor
{
    private readonly PartitionManagerServices _services;
    private readonly Dictionary<StreamId, OpenPartition> _open = [];

    // Of a stream that is being opened the records are on their way into the cache.
    private readonly HashSet<StreamId> _held = [];

    public PartitionManagerActor(PartitionManagerServices services)
    {
        _services = services;
        Receive<ImageCommitted>(OnImage);
        Receive<HoldStreams>(hold => _held.UnionWith(hold.Streams));
        Receive<ReleaseStreams>(OnRelease);
        Receive<AwaitAllOpen>(_ => AnswerWhenAllOpen());
        Receive<Terminated>(gone => OnGone(gone.ActorRef));
    }

    // A partition that breaks is closed, and stays so until the node opens it anew: its state in memory cannot be trusted.
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    private void OnImage(ImageCommitted committed)
    {
        MetadataImage image = committed.Image;
        IActorRef[] gone = [];
        bool mayLeadOthers = !ReferenceEquals(image.Streams, _services.View.Current.Streams) || _open.Count == 0;
        if (mayLeadOthers)
        {
            gone = [.. TakeGone(image)];
            TellMovedStarts(image);
        }

        if (!ReferenceEquals(image.Topics, _services.View.Current.Topics))
        {
            TellConfigs(image);
            TellForgottenTopics(image);
        }

        _services.View.Publish(image);

        // Only now: whom they refuse is told who leads next.
        foreach (IActorRef actor in gone)
        {
            Context.Stop(actor);
        }

        if (mayLeadOthers)
        {
            OpenNew(image);
        }

        foreach ((IActorRef to, object message) in committed.Replies)
        {
            to.Tell(message);
        }

        NoticeReplacement(image);
    }

    // One that appends nothing would not hear of it from its log; and who is taken for gone is given nothing to lead.
    private void NoticeReplacement(MetadataImage image)
    {
        if (image.LiveNodes.GetValueOrDefault(_services.Node)?.Epoch != _services.NodeEpoch || image.Wals.GetValueOrDefault(_services.Wal) is { IsFenced: true })
        {
            _services.OnFenced(new StorageException(StorageErrorKind.Fenced, "the metadata say that this run of the node is gone, or that its write-ahead log was fenced"));
        }
    }

    /// <summary>Forgets the partitions that are not led here any more, or under another epoch, and returns the actors that are still to be stopped.</summary>
    private List<IActorRef> TakeGone(MetadataImage image)
    {
        List<IActorRef> gone = [];
        foreach ((StreamId stream, OpenPartition open) in _open.ToArray())
        {
            StreamState? state = image.FindStream(stream);

            // One that this node gave up stays, and takes no appends, until it is known who leads it next.
            if (state is not null && (state.Leader == _services.Node || state.Leader == NodeId.None) && state.Epoch == open.Epoch)
            {
                continue;
            }

            _open.Remove(stream);
            _services.Directory.Remove(stream);
            IActorRef[] actors = open.Groups is null ? [open.Actor] : [open.Actor, open.Groups];
            if (open.Groups is not null)
            {
                _services.Groups.Remove(open.Name.Partition);
            }

            if (state?.Leader == _services.Node)
            {
                // Two of one stream must not append at one time.
                Array.ForEach(actors, Context.Stop);
                continue;
            }

            gone.AddRange(actors);

            // What is not uploaded of a stream that another leads is the other's, who took it from this node's log.
            _services.Partition.Cache.Remove(stream);
        }

        return gone;
    }

    private void OnRelease(ReleaseStreams release)
    {
        _held.ExceptWith(release.Streams);
        OpenNew(_services.View.Current);
    }

    private void OpenNew(MetadataImage image)
    {
        foreach ((StreamId stream, StreamState state) in image.Streams)
        {
            // What another log of this node holds of it is not in the cache.
            if (state.Leader == _services.Node && state.Wal == _services.Wal && !_open.ContainsKey(stream) && !_held.Contains(stream) && image.FindTopic(state.TopicId) is { } topic)
            {
                Open(topic, state);
            }
        }
    }

    private void Open(TopicState topic, StreamState state)
    {
        TopicPartition name = new(topic.Name, state.Partition);
        OpenedPartition opened = new(state.StreamId, name, state.Epoch, state.EpochHistory, state.StartOffset, state.EndOffset);
        TopicConfig config = new(_services.Settings, topic.Configs);
        IActorRef actor = Context.ActorOf(
            Props.Create(() => new PartitionActor(opened, config, _services.Partition)),
            $"{state.StreamId.Value}-{state.Epoch.Value}");
        IActorRef? groups = null;
        if (topic.Name == GroupDirectory.OffsetsTopic)
        {
            groups = Context.ActorOf(
                Props.Create(() => new GroupCoordinatorActor(name.Partition, actor, _services.Group)),
                $"groups-{name.Partition}-{state.Epoch.Value}");
            _services.Groups.Add(name.Partition, groups);
        }

        Context.Watch(actor);
        _open[state.StreamId] = new OpenPartition(name, state.Epoch, actor, groups);
        _services.Directory.Add(state.StreamId, actor, opened.Load);
        _services.OnLed(state.StreamId);
    }

    // What broke leads nothing: clients and uploads must not wait for it.
    private void OnGone(IActorRef partition)
    {
        foreach ((StreamId stream, OpenPartition open) in _open.Where(entry => entry.Value.Actor.Equals(partition)))
        {
            _services.Directory.Break(stream);
            if (open.Groups is not null)
            {
                _services.Groups.Remove(open.Name.Partition);
                Context.Stop(open.Groups);
            }
        }
    }

    private void TellMovedStarts(MetadataImage image)
    {
        MetadataImage before = _services.View.Current;
        foreach ((StreamId stream, OpenPartition open) in _open)
        {
            Offset start = image.Streams[stream].StartOffset;
            if (before.FindStream(stream) is { } state && state.StartOffset < start)
            {
                open.Actor.Tell(new LogStartMoved(start));
            }
        }
    }

    private void TellConfigs(MetadataImage image)
    {
        MetadataImage before = _services.View.Current;
        foreach ((StreamId stream, OpenPartition open) in _open)
        {
            TopicState topic = image.Topics[image.Streams[stream].TopicId];
            if (before.FindTopic(topic.TopicId) is { } known && !ReferenceEquals(known.Configs, topic.Configs))
            {
                open.Actor.Tell(new TopicConfigChanged(new TopicConfig(_services.Settings, topic.Configs)));
            }
        }
    }

    private void TellForgottenTopics(MetadataImage image)
    {
        foreach (TopicState topic in _services.View.Current.Topics.Values.Where(topic => image.FindTopic(topic.TopicId) is null))
        {
            foreach (IActorRef groups in _services.Groups.All)
            {
                groups.Tell(new ForgetTopic(topic.Name));
            }
        }
    }

    private void AnswerWhenAllOpen()
    {
        Task<PartitionOpened>[] opened = [.. _open.Select(one => AskOpenedAsync(one.Key, one.Value.Actor))];
        Task.WhenAll(opened).PipeTo(Sender, success: all => new AllOpen([.. all.Where(one => one.Failure is not null)]));
    }

    // One that died before it was asked never answers: it counts as failed.
    private static async Task<PartitionOpened> AskOpenedAsync(StreamId stream, IActorRef partition)
    {
        try
        {
            return await partition.Ask<PartitionOpened>(AwaitOpen.Instance, OpenPatience);
        }
        catch (AskTimeoutException cause)
        {
            return new PartitionOpened(stream, cause);
        }
    }

    // Opening reads one small piece of one object; a store that takes longer than this is away, and clients should hear so.
    private static readonly TimeSpan OpenPatience = TimeSpan.FromSeconds(30);

    private sealed record OpenPartition(TopicPartition Name, LeaderEpoch Epoch, IActorRef Actor, IActorRef? Groups);
}

/// <summary>The streams are not to be opened until they are released, whatever the metadata say.</summary>
internal sealed record HoldStreams(IReadOnlyList<StreamId> Streams);

/// <summary>Held streams may be opened, as the metadata say.</summary>
internal sealed record ReleaseStreams(IReadOnlyList<StreamId> Streams);

/// <summary>Asks to be told when the partitions that are being opened serve. Answered with <see cref="AllOpen"/>.</summary>
internal sealed record AwaitAllOpen
{
    public static readonly AwaitAllOpen Instance = new();
}

/// <param name="Failed">The partitions that could not be opened.</param>
internal sealed record AllOpen(IReadOnlyList<PartitionOpened> Failed);

/// <summary>What the partition manager works with, and what it keeps up to date.</summary>
/// <param name="Node">This node.</param>
/// <param name="NodeEpoch">This start of it.</param>
/// <param name="Wal">The log that the node appends to.</param>
/// <param name="Settings">For topics that have none of their own.</param>
/// <param name="View">Shows the metadata.</param>
/// <param name="Directory">Shows the partitions.</param>
/// <param name="Groups">Shows the groups' coordinators.</param>
/// <param name="Partition">For partitions.</param>
/// <param name="Group">For groups.</param>
/// <param name="OnFenced">Called when the metadata say that this start of the node does not count any more.</param>
internal sealed record PartitionManagerServices(
    NodeId Node,
    long NodeEpoch,
    WalId Wal,
    BrokerSettings Settings,
    MetadataView View,
    PartitionDirectory Directory,
    GroupDirectory Groups,
    PartitionServices Partition,
    GroupServices Group,
    Action<Exception> OnFenced)
{
    /// <summary>Told of each stream that this node has begun to lead.</summary>
    public Action<StreamId> OnLed { get; init; } = _ => { };
}
