using Akka.Actor;
using Akka.Cluster;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>
/// Reads the log of a node that does not answer while the cluster waits to see whether it is gone: who takes over from it then has most of it, without a round trip. Logs on disks are not read
/// ahead. What was read is let go of when the node answers again, or when its log is released.
/// </summary>
internal sealed class LogsAheadActor : ReceiveActor, IWithTimers
{
    // It only gives memory back.
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5);

    private readonly LogsAheadServices _services;
    private readonly Dictionary<WalId, CancellationTokenSource> _reading = [];
    private readonly HashSet<NodeId> _silent = [];

    public LogsAheadActor(LogsAheadServices services)
    {
        _services = services;
        Receive<ClusterEvent.UnreachableMember>(silent => OnSilent(silent.Member));
        Receive<ClusterEvent.ReachableMember>(answers => OnAnswers(answers.Member));
        Receive<ClusterEvent.MemberUp>(up => OnAnswers(up.Member));
        Receive<ClusterEvent.CurrentClusterState>(_ => { });
        Receive<ReadEnded>(OnReadEnded);
        Receive<Check>(_ => OnCheck());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(Check), Check.Instance, CheckEvery);
        Cluster.Get(Context.System).Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsSnapshot, typeof(ClusterEvent.IReachabilityEvent), typeof(ClusterEvent.MemberUp));
    }

    protected override void PostStop()
    {
        Cluster.Get(Context.System).Unsubscribe(Self);
        foreach (WalId wal in _services.Ahead.Logs)
        {
            Forget(wal);
        }
    }

    private void OnSilent(Member member)
    {
        if (NodeRoles.NodeOf(member) is not { } node)
        {
            return;
        }

        _silent.Add(node);
        foreach (AttachedWal wal in _services.Metadata.Current.Wals.Values.Where(wal => wal.Node == node && wal.IsInBucket))
        {
            if (_services.Ahead.Add(wal.WalId) is { } ahead)
            {
                CancellationTokenSource end = _reading[wal.WalId] = new();
                _services.ReadAsync(wal, ahead, end.Token).PipeTo(Self, success: () => new ReadEnded(wal.WalId, end, ahead.Count, null), failure: cause => new ReadEnded(wal.WalId, end, ahead.Count, cause));
            }
        }
    }

    private void OnAnswers(Member member)
    {
        if (NodeRoles.NodeOf(member) is { } node)
        {
            _silent.Remove(node);
            OnCheck();
        }
    }

    private void OnReadEnded(ReadEnded ended)
    {
        // It may have been given up, and begun anew.
        if (_reading.GetValueOrDefault(ended.Wal) == ended.End)
        {
            _reading.Remove(ended.Wal);
            ended.End.Dispose();
            LogsAheadLog.Read(_services.Log, ended.Slots, ended.Wal, ended.Failure?.Message);
        }
    }

    // One that is gone for good is silent until its log is released.
    private void OnCheck()
    {
        IReadOnlyDictionary<WalId, AttachedWal> wals = _services.Metadata.Current.Wals;
        foreach (WalId wal in _services.Ahead.Logs.Where(one => wals.GetValueOrDefault(one) is not { } attached || !_silent.Contains(attached.Node)))
        {
            Forget(wal);
        }
    }

    private void Forget(WalId wal)
    {
        _services.Ahead.Remove(wal);
        if (_reading.Remove(wal, out CancellationTokenSource? end))
        {
            end.Cancel();
            end.Dispose();
        }
    }

    private sealed record Check
    {
        public static readonly Check Instance = new();
    }

    private sealed record ReadEnded(WalId Wal, CancellationTokenSource End, int Slots, Exception? Failure);
}

/// <summary>What a <see cref="LogsAheadActor"/> works with.</summary>
/// <param name="Metadata">Which logs there are.</param>
/// <param name="Ahead">Takes what is read.</param>
/// <param name="ReadAsync">Reads a log.</param>
/// <param name="Log">For word of it.</param>
internal sealed record LogsAheadServices(MetadataView Metadata, LogsAhead Ahead, Func<AttachedWal, SlotsAhead, CancellationToken, Task> ReadAsync, ILogger Log);

internal static partial class LogsAheadLog
{
    [LoggerMessage(EventId = 5414, EventName = "WalReadAhead", Level = LogLevel.Debug, Message = "Read {Slots} slots ahead of WAL {Wal}, whose node does not answer ({Problem})")]
    public static partial void Read(ILogger log, int slots, WalId wal, string? problem);
}
