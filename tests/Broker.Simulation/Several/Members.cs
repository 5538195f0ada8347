using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Several;

/// <summary>
/// In place of the actor cluster: says who is there, who coordinates, and where partitions are to be led. It finds out about deaths after a while, and now and then takes one that lives for dead, has two
/// coordinate, or has a partition led in two places: nothing that is promised may rest on it.
/// </summary>
internal sealed class Members(MemberGround ground, int nodes)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private const int MaxStarts = 400;

    private readonly List<Member> _alive = [];
    private readonly List<Member> _present = [];
    private readonly Dictionary<StreamId, Member> _seats = [];
    private Member? _coordinator;
    private bool _isEnding;

    /// <summary>Runs that were started.</summary>
    public int Started { get; private set; }

    /// <summary>No faults any more: who leads by the newest metadata has the last word.</summary>
    public bool IsAtPeace { get; set; }

    public IReadOnlyList<Member> Alive => _alive;

    public Member? Coordinator => _coordinator;

    /// <summary>The newest metadata that a living member knows.</summary>
    public MetadataImage NewestImage => _alive.Select(member => member.View.Current).DefaultIfEmpty(MetadataImage.Empty).MaxBy(image => image.Version)!;

    /// <summary>Starts each node again whenever it is gone.</summary>
    public async Task SuperviseAsync(NodeId node)
    {
        while (!_isEnding)
        {
            if (++Started > MaxStarts)
            {
                throw new ViolationException($"L7: {MaxStarts} starts, and the nodes do not stay");
            }

            Member member = Member.Start(ground, this, node, Started);
            _alive.Add(member);
            await member.Ended;
            _alive.Remove(member);
            if (member.Fault is { } fault)
            {
                throw new ViolationException($"{member.Process.Name} ended with {fault}");
            }

            _ = ground.World.Spawn(async () =>
            {
                await ground.World.DelayAsync(ground.World.Between(0, 3000));
                Remove(member);
            });
            await ground.World.DelayAsync(ground.World.Between(0, 4000));
        }
    }

    public void End() => _isEnding = true;

    /// <summary>A run is in the cluster, from before it opens its storage.</summary>
    public void Joined(Member member)
    {
        // As a restarted node is let in: its earlier run is out by then.
        foreach (Member before in _present.Where(one => one.Node == member.Node).ToArray())
        {
            Remove(before);
        }

        _present.Add(member);
        Elect();
    }

    /// <summary>The others take it for dead. If it lives, it hears of that some time later, and ends.</summary>
    public void Remove(Member member)
    {
        if (!_present.Remove(member))
        {
            return;
        }

        ground.World.Note("members", "removed", member.Process.Name);
        HaveReadAhead(member.Node);
        foreach (StreamId stream in _seats.Where(one => one.Value == member).Select(one => one.Key).ToArray())
        {
            _seats.Remove(stream);
        }

        Elect();
        if (!member.Process.IsDead)
        {
            member.Process.Call(ground.World.Between(0, 20_000), () => member.End("the others went on without it"));
        }
    }

    // Half of them have begun to while they waited, and keep it, whatever the node does next.
    private void HaveReadAhead(NodeId silent)
    {
        foreach (Member reader in _present.Where(one => one.IsServing && ground.World.Random.Next(2) == 0))
        {
            reader.Process.Call(TimeSpan.Zero, () => _ = reader.ReadAheadAsync(silent));
        }
    }

    /// <summary>A message to the coordinator, as the sender knows where that is.</summary>
    public void ToCoordinator(Member from, byte[] message, string manifest)
    {
        if (_coordinator is { } coordinator)
        {
            ground.Network.Send(from.Process, coordinator.Process, () => coordinator.Coordinate(from, message, manifest));
        }
    }

    /// <summary>Another one coordinates from now on, beside the one that did.</summary>
    public void ElectAnother()
    {
        if (_present.Count > 0)
        {
            SetCoordinator(_present[ground.World.Random.Next(_present.Count)]);
        }
    }

    /// <summary>Has streams led somewhere.</summary>
    public void Seat(Member asker, IReadOnlyList<StreamId> streams)
    {
        foreach (StreamId stream in streams)
        {
            Member[] candidates = [.. _present.Where(member => member.IsServing)];
            if (!_seats.TryGetValue(stream, out Member? at) && candidates.Length > 0)
            {
                NodeId node = PartitionBalance.SeatOf(asker.View.Current, stream, candidates.ToDictionary(one => one.Node, one => _seats.Values.Count(seat => seat == one)));
                _seats[stream] = at = candidates.First(one => one.Node == node);
            }

            if (at is not null)
            {
                ground.Network.Send(asker.Process, at.Process, () => at.StartSeat(stream));
            }
        }
    }

    /// <summary>An entity has ended where it was.</summary>
    public void SeatEnded(Member member, StreamId stream)
    {
        if (_seats.GetValueOrDefault(stream) == member)
        {
            _seats.Remove(stream);
        }
    }

    /// <summary>Some partition moves.</summary>
    public void MoveAny()
    {
        if (_seats.Count > 0)
        {
            (StreamId stream, Member at) = _seats.OrderBy(one => one.Key).ElementAt(ground.World.Random.Next(_seats.Count));
            Move(at, [stream]);
        }
    }

    /// <summary>All partitions of one member move together, as when it is drained.</summary>
    public void MoveAllOf(Member member) => Move(member, [.. _seats.Where(one => one.Value == member).Select(one => one.Key).Order()]);

    private void Move(Member from, StreamId[] streams)
    {
        ground.World.Note("members", "moves", string.Join(',', streams));

        // Now and then whoever coordinates knows who may be next, and now and then it has that wrong.
        bool isNextKnown = ground.World.Random.Next(2) == 0;
        _coordinator?.NextSeats.See(_present.Where(member => isNextKnown && member.IsServing).Select(member => member.Node));
        from.Process.Call(TimeSpan.Zero, () => Array.ForEach(streams, from.LeaveSeat));
    }

    /// <summary>Some partition is to be led in a second place, as after a split of the cluster.</summary>
    public void DoubleAny()
    {
        Member[] serving = [.. _alive.Where(member => member.IsServing)];
        if (_seats.Count > 0 && serving.Length > 0)
        {
            StreamId stream = _seats.Keys.Order().ElementAt(ground.World.Random.Next(_seats.Count));
            Member at = serving[ground.World.Random.Next(serving.Length)];
            ground.World.Note("members", "doubles", stream.ToString());
            at.Process.Call(TimeSpan.Zero, () => at.StartSeat(stream));
        }
    }

    /// <summary>Any member that serves.</summary>
    public async Task<Member> AnyServingAsync()
    {
        while (true)
        {
            Member[] serving = [.. _alive.Where(member => member.IsServing)];
            if (serving.Length > 0)
            {
                return serving[ground.World.Random.Next(serving.Length)];
            }

            await ground.World.DelayAsync(Glance);
        }
    }

    /// <summary>What is amiss, in words.</summary>
    public string State => $"serving: {string.Join(", ", _alive.Where(member => member.IsServing).Select(member => $"{member.Process.Name} with version {member.View.Current.Version}"))}; live: {string.Join(", ", NewestImage.LiveNodes.Keys.Order())}; without a leader: {string.Join(", ", PartitionBalance.Orphans(NewestImage).Select(stream => $"{stream} ({NewestImage.Streams[stream].Leader})"))}; "
        + string.Join(", ", _alive.Where(member => member.IsServing).SelectMany(member => member.View.Current.Streams.Values.Where(stream => stream.Leader == member.Node && member.System.Partitions.Find(stream.StreamId) is null)
            .Select(stream => $"{stream.StreamId} is not open at {member.Process.Name}")))
        + "; logs: " + string.Join(", ", NewestImage.Wals.Values.OrderBy(wal => wal.Node).Select(wal => $"{wal.WalId} of {wal.Node}{(wal.IsFenced ? ", fenced" : "")}"));

    /// <summary>All nodes serve and know the newest metadata, and all partitions have a leader that is there.</summary>
    public bool IsWhole => _alive.Count == nodes && _alive.All(member => member.IsServing && member.View.Current.Version == NewestImage.Version) && !PartitionBalance.Orphans(NewestImage).Any();

    // The oldest of those that are there.
    private void Elect()
    {
        if (_coordinator is null || !_present.Contains(_coordinator))
        {
            SetCoordinator(_present.FirstOrDefault());
        }
        else
        {
            TellWhoIsThere();
        }
    }

    private void SetCoordinator(Member? member)
    {
        bool isNew = member is not null && member != _coordinator;
        _coordinator = member;
        if (isNew)
        {
            member!.Coordinate();
        }

        TellWhoIsThere();
    }

    // Whoever coordinated before does not hear of it.
    private void TellWhoIsThere() => _coordinator?.TellWhoIsThere(_present.Select(member => member.Node).ToHashSet());
}

/// <summary>Whom a client of a partition asks: the leader, as somebody knows it.</summary>
internal sealed class LeaderOf(SimulatedWorld world, Members members, Func<StreamId?> stream) : IBrokers
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <inheritdoc/>
    public IReachable? Newest => members.IsAtPeace ? LeaderBy(members.NewestImage) : null;

    /// <inheritdoc/>
    public async Task<IReachable> NewestServingAsync()
    {
        while (true)
        {
            if (LeaderBy(members.NewestImage) is { } leader)
            {
                return leader;
            }

            await world.DelayAsync(Glance);
        }
    }

    /// <inheritdoc/>
    public async Task<IReachable> AnyServingAsync()
    {
        Member any = await members.AnyServingAsync();
        return LeaderBy(any.View.Current) ?? any;
    }

    private Member? LeaderBy(MetadataImage image) => stream() is { } id && image.FindStream(id) is { } state
        ? members.Alive.LastOrDefault(member => member.IsServing && member.Node == state.Leader)
        : null;
}

/// <summary>Whom a client asks that asks for no partition: anybody.</summary>
internal sealed class AnyMember(Members members) : IBrokers
{
    private Member? _last;

    /// <inheritdoc/>
    public IReachable? Newest => _last is { IsServing: true } ? _last : null;

    /// <inheritdoc/>
    public async Task<IReachable> NewestServingAsync() => _last = await members.AnyServingAsync();

    /// <inheritdoc/>
    public async Task<IReachable> AnyServingAsync() => await members.AnyServingAsync();
}
