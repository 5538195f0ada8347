using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>
/// Coordinates the groups of one partition of <c>__consumer_offsets</c>. Reads the partition through before it serves;
/// until then it answers COORDINATOR_LOAD_IN_PROGRESS. Everything it promises is first made durable there.
/// </summary>
internal sealed partial class GroupCoordinatorActor : UntypedActor, IWithTimers, IGroupHost
{
    // How late a session's end or a rebalance's may be noticed; small against the seconds that both are given in.
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(100);

    // A store that comes back is noticed within this; fifty partitions of groups together ask little of one that does not.
    private static readonly TimeSpan LoadAgainAfter = TimeSpan.FromSeconds(2);

    // What is damaged or lost may be restored by somebody who is told at once; but the groups of whole partitions do not wait for it longer than clients try.
    internal static readonly TimeSpan UnreadablePatience = TimeSpan.FromSeconds(30);

    private readonly int _partitionIndex;
    private readonly IActorRef _partition;
    private readonly GroupServices _services;
    private readonly GroupStore _store;
    private readonly Dictionary<string, ClassicGroup> _groups = [];
    private readonly Dictionary<string, CommittedOffsets> _offsets = [];
    private GroupLoader? _loader;
    private ErrorCode _loadError;
    private long? _unreadableSince;

    public GroupCoordinatorActor(int partitionIndex, IActorRef partition, GroupServices services)
    {
        (_partitionIndex, _partition, _services) = (partitionIndex, partition, services);
        _store = new GroupStore(partition, Self, services);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public long NowMs => _services.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    public Guid NewId() => _services.NewId();

    protected override void PreStart()
    {
        _loader = new GroupLoader(_partition, Self);
        _loader.ReadNext();
    }

    protected override void PostStop()
    {
        foreach (ClassicGroup group in _groups.Values)
        {
            group.Close(ErrorCode.NotCoordinator);
        }

        _store.FailAll(ErrorCode.NotCoordinator);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ReadReply reply:
                OnLoaded(reply);
                break;
            case LoadAgain:
                _loader!.ReadNext();
                break;
            case ListGroups:
                Sender.Tell(new GroupsListed(ErrorCode.CoordinatorLoadInProgress, []));
                break;
            case IGroupCommand command:
                Sender.Tell(command.Refusal(ErrorCode.CoordinatorLoadInProgress));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnLoaded(ReadReply reply)
    {
        using (reply)
        {
            if (!_loader!.CanTake(reply) || MayBeRestored(reply))
            {
                // The store is out of reach, say: groups wait, and clients ask again.
                if (reply.Error != _loadError)
                {
                    _loadError = reply.Error;
                    GroupLog.LoadFailed(_services.Log, _partitionIndex, reply.Error);
                }

                Timers.StartSingleTimer(nameof(LoadAgain), LoadAgain.Instance, LoadAgainAfter);
                return;
            }

            if (_loader.Unreadable(reply) is var (from, end))
            {
                GroupLog.RecordsUnreadable(_services.Log, _partitionIndex, from.Value, end.Value - 1);
            }

            if (!_loader.Take(reply))
            {
                _loader.ReadNext();
                return;
            }
        }

        Adopt(_loader);
        _loader = null;
        Timers.StartPeriodicTimer(nameof(ExpireOffsets), ExpireOffsets.Instance, _services.Options.OffsetsRetentionCheckInterval);
        Become(Serving);
    }

    private bool MayBeRestored(ReadReply reply)
    {
        if (_loader!.Unreadable(reply) is null)
        {
            return false;
        }

        _unreadableSince ??= _services.Clock.GetTimestamp();
        return _services.Clock.GetElapsedTime(_unreadableSince.Value) < UnreadablePatience;
    }

    private void Adopt(GroupLoader loaded)
    {
        foreach ((string groupId, CommittedOffsets offsets) in loaded.Offsets)
        {
            _offsets[groupId] = offsets;
        }

        foreach ((string groupId, GroupMetadataValue stored) in loaded.Groups)
        {
            ClassicGroup group = new(groupId, _services.Options, this);
            group.Restore(stored);
            _groups[groupId] = group;
        }

        GroupLog.Loaded(_services.Log, _partitionIndex, _groups.Count, loaded.Offsets.Count);
        TickWhileThereAreMembers();
    }

    private void Serving(object message)
    {
        switch (message)
        {
            case JoinGroup join:
                OnJoin(join);
                break;
            case SyncGroup sync:
                OnSync(sync);
                break;
            case Heartbeat heartbeat:
                Sender.Tell(new HeartbeatResponse { ErrorCode = (short)(Group(heartbeat.GroupId)?.Heartbeat(heartbeat.Request) ?? ErrorCode.UnknownMemberId) });
                break;
            case LeaveGroup leave:
                OnLeave(leave);
                break;
            case CommitOffsets commit:
                OnCommit(commit);
                break;
            case FetchOffsets fetch:
                Sender.Tell(Fetch(fetch));
                break;
            case DescribeGroup describe:
                Sender.Tell(GroupDescription.Of(describe.GroupId, Group(describe.GroupId)));
                break;
            case ListGroups:
                Sender.Tell(new GroupsListed(ErrorCode.None, List()));
                break;
            case AppendReply reply:
                _store.OnAppended(reply);
                break;
            case ForgetTopic forget:
                OnForgetTopic(forget.Topic);
                break;
            case Tick:
                OnTick();
                break;
            case ExpireOffsets:
                OnExpireOffsets();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private ClassicGroup? Group(string groupId) => _groups.GetValueOrDefault(groupId);

    private void OnJoin(JoinGroup join)
    {
        IActorRef client = Sender;
        ClassicGroup? group = Group(join.GroupId);
        if (group is null && join.Request.MemberId.Length > 0)
        {
            client.Tell(join.Refusal(ErrorCode.UnknownMemberId));
            return;
        }

        group ??= _groups[join.GroupId] = new ClassicGroup(join.GroupId, _services.Options, this);
        group.Join(join, response => client.Tell(response));
        if (group is { HasMembers: false, Generation: 0 } && !_offsets.ContainsKey(join.GroupId))
        {
            // The join was refused and nothing else is known of the group: it is not one.
            _groups.Remove(join.GroupId);
        }

        TickWhileThereAreMembers();
    }

    private void OnSync(SyncGroup sync)
    {
        IActorRef client = Sender;
        if (Group(sync.GroupId) is { } group)
        {
            group.Sync(sync.Request, response => client.Tell(response));
        }
        else
        {
            client.Tell(sync.Refusal(ErrorCode.UnknownMemberId));
        }
    }

    private void OnLeave(LeaveGroup leave)
    {
        ClassicGroup? group = Group(leave.GroupId);
        Sender.Tell(new MembersLeft(
            ErrorCode.None,
            [.. leave.Members.Select(member => group?.Leave(member.MemberId, member.GroupInstanceId) ?? ErrorCode.UnknownMemberId)]));
    }

    private void OnCommit(CommitOffsets commit)
    {
        ErrorCode error = CheckCommit(commit);
        if (error != ErrorCode.None)
        {
            Sender.Tell(commit.Refusal(error));
            return;
        }

        IActorRef client = Sender;
        long nowMs = NowMs;
        ErrorCode[] errors = [.. commit.Offsets.Select(CheckMetadata)];
        (TopicPartition Partition, CommittedOffset Value)[] taken =
        [
            .. commit.Offsets.Where((_, i) => errors[i] == ErrorCode.None)
                .Select(o => (o.Partition, new CommittedOffset(o.Offset, o.LeaderEpoch, o.Metadata ?? "", nowMs, commit.RetentionMs < 0 ? -1 : nowMs + commit.RetentionMs))),
        ];
        if (taken.Length == 0)
        {
            client.Tell(new OffsetsCommitted(errors));
            return;
        }

        _store.Append([.. taken.Select(o => GroupRecords.Offset(commit.GroupId, o.Partition, o.Value))], nowMs, stored =>
        {
            if (stored == ErrorCode.None)
            {
                KeepOffsets(commit.GroupId, taken);
            }

            client.Tell(new OffsetsCommitted([.. errors.Select(e => e == ErrorCode.None ? stored : e)]));
        });
    }

    private ErrorCode CheckCommit(CommitOffsets commit)
    {
        if (Group(commit.GroupId) is { } group)
        {
            return group.CheckCommit(commit.MemberId, commit.GroupInstanceId, commit.Generation);
        }

        if (commit.Generation >= 0)
        {
            return ErrorCode.IllegalGeneration;
        }

        // The first commit of a consumer that assigns its partitions itself makes the group.
        _groups[commit.GroupId] = new ClassicGroup(commit.GroupId, _services.Options, this);
        return ErrorCode.None;
    }

    private ErrorCode CheckMetadata(OffsetToCommit offset) =>
        (offset.Metadata?.Length ?? 0) > _services.Options.MaxOffsetMetadataBytes ? ErrorCode.OffsetMetadataTooLarge : ErrorCode.None;

    private void KeepOffsets(string groupId, IEnumerable<(TopicPartition Partition, CommittedOffset Value)> offsets)
    {
        if (!_offsets.TryGetValue(groupId, out CommittedOffsets? kept))
        {
            _offsets[groupId] = kept = new CommittedOffsets();
        }

        foreach ((TopicPartition partition, CommittedOffset value) in offsets)
        {
            kept.Set(partition, value);
        }
    }

    private OffsetsFetched Fetch(FetchOffsets fetch)
    {
        CommittedOffsets offsets = _offsets.GetValueOrDefault(fetch.GroupId) ?? new CommittedOffsets();
        IEnumerable<TopicPartition> partitions = fetch.Partitions ?? offsets.All.Select(entry => entry.Key);
        return new OffsetsFetched(ErrorCode.None, [.. partitions.Select(partition => offsets.Find(partition) is { } found
            ? new FetchedOffset(partition, found.Offset, found.LeaderEpoch, found.Metadata)
            : new FetchedOffset(partition, -1, -1, ""))]);
    }

    private ListedGroup[] List() =>
    [
        .. _groups.Values.Select(group => new ListedGroup(group.GroupId, group.ProtocolType ?? "", group.State)),
        .. _offsets.Keys.Where(id => !_groups.ContainsKey(id)).Select(id => new ListedGroup(id, "", GroupState.Empty)),
    ];

    public void Store(ClassicGroup group, IReadOnlyDictionary<string, byte[]> assignments, Action<ErrorCode> stored) =>
        _store.Append([GroupRecords.Group(group, assignments)], NowMs, stored);

    private void OnForgetTopic(string topic)
    {
        foreach ((string groupId, CommittedOffsets offsets) in _offsets.ToArray())
        {
            RemoveOffsets(groupId, offsets, [.. offsets.All.Select(e => e.Key).Where(p => p.Topic == topic)]);
        }
    }

    private void OnTick()
    {
        foreach (ClassicGroup group in _groups.Values.Where(g => g.HasMembers).ToArray())
        {
            group.Tick();
        }

        TickWhileThereAreMembers();
    }

    private void TickWhileThereAreMembers()
    {
        bool anyMembers = _groups.Values.Any(g => g.HasMembers);
        if (!anyMembers)
        {
            Timers.Cancel(nameof(Tick));
        }
        else if (!Timers.IsTimerActive(nameof(Tick)))
        {
            Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, TickInterval);
        }
    }

    private sealed record Tick
    {
        public static readonly Tick Instance = new();
    }

    private sealed record LoadAgain
    {
        public static readonly LoadAgain Instance = new();
    }
}
