using System.Runtime.ExceptionServices;
using Akka.Actor;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>
/// Has a node whose log is in the bucket leave its cluster when it does not reach the bucket and others do: they lead then what it led, and coordinate if it did.
///
/// Y1. A node leaves only while the store fails it, after <see cref="RoundsToLeave"/> rounds in a row in each of which a small request of its own was not answered and one of another node was: a store
/// that is away from all, or is slow for all, takes no node out.
/// Y2. Nobody is asked anything while the store serves this node.
/// </summary>
internal sealed class StoreReachActor : ReceiveActor, IWithTimers
{
    /// <summary>A store that comes back serves some nodes a little earlier than others; one answer that is late by chance is none.</summary>
    internal const int RoundsToLeave = 3;

    // Several times what a small request takes, and less than what a request that others wait for is given.
    private static readonly TimeSpan OwnPatience = TimeSpan.FromSeconds(1);

    // Less than this node has itself, though there is the way to the other one: who serves no better is not to take over.
    private static readonly TimeSpan OthersPatience = TimeSpan.FromMilliseconds(500);

    // In a large cluster one of so many reaches the bucket, or it is not this node's trouble.
    private const int MostAsked = 3;

    private readonly StoreReachServices _services;
    private bool _isAsking;
    private int _rounds;

    public StoreReachActor(StoreReachServices services)
    {
        _services = services;
        Receive<Look>(_ => OnLook());
        Receive<RoundEnded>(OnRoundEnded);

        // Of what nobody has foreseen: it begins anew.
        Receive<Status.Failure>(failed => ExceptionDispatchInfo.Throw(failed.Cause));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Look), Look.Instance, _services.LookEvery);

    private void OnLook()
    {
        if (_isAsking)
        {
            return;
        }

        if (_services.Outage() is null || _services.Others() is not { Count: > 0 } others)
        {
            _rounds = 0;
            return;
        }

        _isAsking = true;
        RoundAsync([.. others.OrderBy(_ => _services.Random.Next()).Take(MostAsked)]).PipeTo(Self);
    }

    private async Task<RoundEnded> RoundAsync(IReadOnlyList<Address> others)
    {
        Task<bool> own = ReachesAsync();
        List<Task<bool?>> asked = [.. others.Select(other => _services.FindsStartAsync(other, OthersPatience))];
        bool isReachedByOther = false;
        while (!isReachedByOther && asked.Count > 0)
        {
            Task<bool?> answered = await Task.WhenAny(asked);
            asked.Remove(answered);

            // What it found does not matter: the bucket has answered it.
            isReachedByOther = await answered is not null;
        }

        return new RoundEnded(await own, isReachedByOther);
    }

    private async Task<bool> ReachesAsync()
    {
        using CancellationTokenSource patience = new(OwnPatience, _services.Clock);
        try
        {
            await _services.ProbeAsync(patience.Token);
            return true;
        }
        catch (Exception unreached) when (unreached is StorageException or OperationCanceledException)
        {
            return false;
        }
    }

    private void OnRoundEnded(RoundEnded round)
    {
        _isAsking = false;
        _rounds = !round.IsReached && round.IsReachedByOther ? _rounds + 1 : 0;
        if (_rounds < RoundsToLeave || _services.Outage() is not { } outage)
        {
            return;
        }

        Timers.Cancel(nameof(Look));
        StoreReachLog.Leaves(_services.Log, _services.Clock.GetUtcNow() - outage.Since, outage.Reason);
        _services.Leave(new StorageException(StorageErrorKind.Unavailable, $"it does not reach its object store ({outage.Reason}), and others do: they take over what it led"));
    }

    private sealed record Look
    {
        public static readonly Look Instance = new();
    }

    private sealed record RoundEnded(bool IsReached, bool IsReachedByOther);
}

/// <summary>What a <see cref="StoreReachActor"/> works with.</summary>
/// <param name="Outage">Since when the store does not serve this node; null: it does.</param>
/// <param name="ProbeAsync">Asks the store something small, once.</param>
/// <param name="Others">The other nodes that serve and are heard of.</param>
/// <param name="FindsStartAsync">Whether another one finds this start in the bucket; null: it, or the bucket, does not answer within a time.</param>
/// <param name="Leave">Takes this node out of the cluster, for this reason.</param>
internal sealed record StoreReachServices(
    Func<StoreOutage?> Outage,
    Func<CancellationToken, Task> ProbeAsync,
    Func<IReadOnlyList<Address>> Others,
    Func<Address, TimeSpan, Task<bool?>> FindsStartAsync,
    Action<Exception> Leave,
    Random Random,
    TimeProvider Clock,
    ILogger Log)
{
    /// <summary>A little more than a round takes at most.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMilliseconds(1250);
}

internal static partial class StoreReachLog
{
    [LoggerMessage(EventId = 5411, EventName = "StoreOutOfReach", Level = LogLevel.Error, Message = "This node has not reached its object store for {Elapsed} ({Reason}), and others of the cluster do: it leaves, so that they lead what it led, and comes back when the store answers it")]
    public static partial void Leaves(ILogger log, TimeSpan elapsed, string reason);
}
