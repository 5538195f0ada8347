using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;

namespace Broker.Actors.Coordination;

/// <summary>What a command changes, and what its sender hears once that is durable.</summary>
internal sealed record CommandPlan(IReadOnlyList<MetadataEvent> Events, object Reply);

/// <summary>
/// Turns commands into events, judged against an image that already holds everything planned before. Pure but for the
/// ids it takes.
/// </summary>
internal sealed class CommandPlanner(MetadataImage image, CoordinatorServices services)
{
    // One commit in so many producer ids; what is left of a block when the coordinator goes is never given out.
    private const int ProducerIdBlock = 1000;
    private const int ObjectIdBlock = 1000;

    private MetadataImage _ahead = image;
    private long _nextProducerId;
    private long _producerIdsEnd;
    private long _nextObjectId;
    private long _objectIdsEnd;

    /// <summary>Forgets what was planned and will not be committed.</summary>
    public void Reset(MetadataImage image)
    {
        _ahead = image;
        _nextProducerId = _producerIdsEnd = 0;
        _nextObjectId = _objectIdsEnd = 0;
    }

    /// <summary>Null when the command is none of the coordinator's.</summary>
    public CommandPlan? Plan(object command) => command switch
    {
        MakeTopics make => PlanMany(make.Topics, PlanTopic),
        RemoveTopics remove => PlanMany(remove.Topics, PlanRemoval),
        GiveProducerId => PlanProducerId(),
        GiveObjectId => PlanObjectId(),
        CommitUpload commit => PlanUpload(commit),
        CommitCompaction commit => PlanCompaction(commit),
        // Also when they are closed already: whoever asks may want to know that this is still the coordinator, which a commit shows.
        CloseObjectIds close => Planned(close.Next >= _ahead.ClosedObjectIds ? [new ObjectIdsClosed(close.Next)] : [], new ObjectIdsAreClosed(_ahead)),
        TrimStreams trim => Planned([.. trim.Trims.Where(t => _ahead.FindStream(t.Stream) is { } stream && stream.StartOffset < t.NewStart)], new StreamsTrimmed(_ahead)),
        ForgetObjects forget => Planned([new ObjectsDeleted([.. forget.Objects.Where(_ahead.DeletableObjects.ContainsKey)])], CommandDone.Instance),
        _ => NodePlanner.Plan(_ahead, command, services.Seats) is { } plan ? Planned(plan.Events, plan.Reply) : null,
    };

    /// <summary>Whether the closing comes before the upload of what its leader took last.</summary>
    public bool AwaitsUpload(CloseStreams close)
    {
        foreach (StreamEnd one in close.Streams)
        {
            if (_ahead.FindStream(one.Stream) is { } stream && stream.Epoch == one.Epoch && stream.Leader != NodeId.None && stream.EndOffset < one.End)
            {
                return true;
            }
        }

        return false;
    }

    private CommandPlan PlanMany<T>(IReadOnlyList<T> items, Func<T, (IReadOnlyList<MetadataEvent> Events, TopicResult Result)> plan)
    {
        List<MetadataEvent> events = [];
        List<TopicResult> results = [];
        foreach (T item in items)
        {
            (IReadOnlyList<MetadataEvent> itemEvents, TopicResult result) = plan(item);
            Advance(itemEvents);
            events.AddRange(itemEvents);
            results.Add(result);
        }

        return new CommandPlan(events, new TopicsChanged(results));
    }

    private (IReadOnlyList<MetadataEvent>, TopicResult) PlanTopic(NewTopic topic)
    {
        if (_ahead.FindTopic(topic.Name) is { } existing)
        {
            return ([], new TopicResult(ErrorCode.TopicAlreadyExists, $"the topic '{topic.Name}' exists", existing.TopicId));
        }

        if (CollidingName(topic.Name) is { } other)
        {
            return ([], new TopicResult(ErrorCode.InvalidTopicException, $"the name '{topic.Name}' differs from the topic '{other}' in '.' and '_' only, which metrics cannot tell apart", Guid.Empty));
        }

        Guid id = services.NewId();
        StreamId[] streams = [.. Enumerable.Range(0, topic.Partitions).Select(i => new StreamId(_ahead.NextStreamId.Value + i))];

        // With nobody to lead them yet, they are opened like those of a node that is gone.
        IEnumerable<StreamOpened> opened = streams.Zip(PartitionBalance.Place(_ahead, topic.Partitions, topic.Leaders, services.Seats), (stream, at) => new StreamOpened(stream, at.Node, new LeaderEpoch(0), Offset.Zero, at.Wal));
        return (
            [new TopicCreated(id, topic.Name, streams, topic.Configs, InternalTopics.Contains(topic.Name)), .. opened],
            new TopicResult(ErrorCode.None, null, id));
    }

    private string? CollidingName(string name) => name.AsSpan().IndexOfAny('.', '_') < 0
        ? null
        : _ahead.TopicIds.Keys.FirstOrDefault(other => other.Length == name.Length && other.Replace('.', '_') == name.Replace('.', '_'));

    private (IReadOnlyList<MetadataEvent>, TopicResult) PlanRemoval(Guid topicId) => _ahead.FindTopic(topicId) is null
        ? ([], new TopicResult(ErrorCode.UnknownTopicId, "there is no topic with this id", topicId))
        : ([new TopicDeleted(topicId)], new TopicResult(ErrorCode.None, null, topicId));

    private CommandPlan PlanProducerId()
    {
        List<MetadataEvent> events = [];
        if (_nextProducerId == _producerIdsEnd)
        {
            _nextProducerId = _ahead.NextProducerId;
            _producerIdsEnd = _nextProducerId + ProducerIdBlock;
            events.Add(new ProducerIdBlockAllocated(services.Node, _nextProducerId, ProducerIdBlock));
        }

        return Planned(events, new ProducerIdGiven(ErrorCode.None, _nextProducerId++));
    }

    private CommandPlan PlanObjectId()
    {
        List<MetadataEvent> events = [];

        // What is left of a block whose ids were closed can never be committed.
        if (_nextObjectId == _objectIdsEnd || _nextObjectId < _ahead.ClosedObjectIds.Value)
        {
            _nextObjectId = _ahead.NextObjectId.Value;
            _objectIdsEnd = _nextObjectId + ObjectIdBlock;
            events.Add(new ObjectIdBlockAllocated(services.Node, _nextObjectId, ObjectIdBlock));
        }

        return Planned(events, new ObjectIdGiven(new ObjectId(_nextObjectId++)));
    }

    private CommandPlan PlanUpload(CommitUpload commit)
    {
        // An uploader that lost patience asks again for what has been committed meanwhile.
        if (_ahead.Objects.ContainsKey(commit.Upload.ObjectId) || _ahead.DeletableObjects.ContainsKey(commit.Upload.ObjectId))
        {
            return Planned([], new UploadCommitted([]));
        }

        if (commit.Upload.ObjectId < _ahead.ClosedObjectIds)
        {
            return Planned([], UploadTooLate.Instance);
        }

        IReadOnlyList<UploadRefusal> refused = MetadataRules.CheckUpload(_ahead, commit.Upload);

        // Records of a stream that is gone may go. Any others must not be lost: nothing is committed, and the uploader describes them anew.
        return refused.All(refusal => refusal.Reason == UploadRefusalReason.UnknownStream)
            ? Planned([MetadataRules.WithoutRefused(commit.Upload, refused)], new UploadCommitted(refused))
            : Planned([], new UploadCommitted(refused));
    }

    private CommandPlan PlanCompaction(CommitCompaction commit)
    {
        ObjectCommitted added = commit.Compaction.Object;
        if (_ahead.Objects.ContainsKey(added.ObjectId) || _ahead.DeletableObjects.ContainsKey(added.ObjectId))
        {
            return Planned([], new CompactionCommitted(_ahead));
        }

        // An object that replaces nothing any more is committed too: as deletable.
        List<MetadataEvent> events = added.ObjectId < _ahead.ClosedObjectIds ? [] : [CompactionRules.WithoutRefused(_ahead, commit.Compaction)];
        Advance(events);
        if (commit.Cleaned is { } cleaned && events is [ObjectCompacted { Object.Ranges.Count: > 0 }])
        {
            Advance([cleaned]);
            events.Add(cleaned);
        }

        return new CommandPlan(events, new CompactionCommitted(_ahead));
    }

    private CommandPlan Planned(IReadOnlyList<MetadataEvent> events, object reply)
    {
        Advance(events);
        return new CommandPlan(events, reply);
    }

    private void Advance(IReadOnlyList<MetadataEvent> events)
    {
        if (events.Count > 0)
        {
            _ahead = _ahead.Apply(new MetadataBatch(services.Clock.GetUtcNow().ToUnixTimeMilliseconds(), events), _ahead.Version);
        }
    }
}
