using Akka.Actor;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>
/// Says to other nodes whether the store answers this one, and has a node whose log is in the bucket leave its cluster when it does not reach the bucket and others do: they lead then what it led,
/// and coordinate if it did. A node with its log on its disk stays: only it has that, and it takes appends there.
///
/// Y1. A node leaves only while the store fails it, after <see cref="RoundsToLeave"/> rounds in a row in each of which a small read and a small write of its own were not both answered, nor anything
/// else of the kind that fails, and those of another node were: a store that is away from all, or is slow for all, takes no node out.
/// Y2. Nobody is asked anything while the store serves this node.
/// </summary>
internal sealed class StoreReachActor : ReceiveActor, IWithTimers
{
    /// <summary>Its name, below <c>/user</c>.</summary>
    public const string Name = "store-reach";

    /// <summary>A store that comes back serves some nodes a little earlier than others; one answer that is late by chance is none.</summary>
    internal const int RoundsToLeave = 3;

    // Of a store that takes longer for two small requests little is to be had anyway.
    private static readonly TimeSpan OwnPatience = TimeSpan.FromSeconds(2);

    // Much less than this node has itself: who serves no better is not to take over.
    private static readonly TimeSpan OthersPatience = TimeSpan.FromSeconds(1.2);

    // In a large cluster one of so many reaches the bucket, or it is not this node's trouble.
    private const int MostAsked = 3;

    private readonly StoreReachServices _services;
    private int _asking;
    private long _newestRound;

    // The newest that did not speak for leaving, and those behind it that did: they end in any order.
    private long _lastGood;
    private readonly HashSet<long> _bad = [];
    private bool _hasLeft;

    public StoreReachActor(StoreReachServices services)
    {
        _services = services;
        Receive<TryStore>(_ => ReachesAsync(OthersPatience).PipeTo(Sender, Self, success: reached => new StoreIsTried(reached)));
        Receive<Look>(_ => OnLook());
        Receive<RoundEnded>(OnRoundEnded);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (_services.MayLeave)
        {
            Timers.StartPeriodicTimer(nameof(Look), Look.Instance, _services.LookEvery);
        }
    }

    private void OnLook()
    {
        if (_asking == _services.MostRounds)
        {
            return;
        }

        if (_services.Outage() is null || _services.Others() is not { Count: > 0 } others)
        {
            Stays(_newestRound);
            return;
        }

        _asking++;
        long number = ++_newestRound;
        RoundAsync(number, [.. others.OrderBy(_ => _services.Random.Next()).Take(MostAsked)]).PipeTo(Self, failure: cause => SaysNothing(number, cause));
    }

    // Of what nobody has foreseen.
    private RoundEnded SaysNothing(long number, Exception cause)
    {
        StoreReachLog.TriedInVain(_services.Log, cause);
        return new RoundEnded(this, number, IsReached: true, IsReachedByOther: false);
    }

    private async Task<RoundEnded> RoundAsync(long number, IReadOnlyList<ICanTell> others)
    {
        long answers = _services.Answers();
        Task<bool> own = ReachesAsync(OwnPatience);
        List<Task<bool>> asked = [.. others.Select(IsReachedByAsync)];
        bool isReachedByOther = false;
        while (!isReachedByOther && asked.Count > 0)
        {
            Task<bool> answered = await Task.WhenAny(asked);
            asked.Remove(answered);
            isReachedByOther = await answered;
        }

        return new RoundEnded(this, number, await own || _services.Answers() != answers, isReachedByOther);
    }

    private async Task<bool> ReachesAsync(TimeSpan limit)
    {
        using CancellationTokenSource patience = new(limit, _services.Clock);
        try
        {
            await _services.TryAsync(patience.Token);
            return true;
        }
        catch (Exception unreached) when (unreached is StorageException or OperationCanceledException)
        {
            return false;
        }
        catch (Exception unforeseen)
        {
            StoreReachLog.TriedInVain(_services.Log, unforeseen);
            return false;
        }
    }

    private async Task<bool> IsReachedByAsync(ICanTell other)
    {
        try
        {
            return (await other.Ask<StoreIsTried>(TryStore.Instance, OwnPatience)).IsReached;
        }
        catch (AskTimeoutException)
        {
            return false;
        }
        catch (Exception unforeseen)
        {
            StoreReachLog.AskedInVain(_services.Log, unforeseen);
            return false;
        }
    }

    private void OnRoundEnded(RoundEnded round)
    {
        if (round.BegunBy != this)
        {
            return;
        }

        _asking--;
        if (round.IsReached || !round.IsReachedByOther)
        {
            Stays(round.Number);
            return;
        }

        _bad.Add(round.Number);
        if (_hasLeft || !Enumerable.Range(1, RoundsToLeave).All(behind => _bad.Contains(_lastGood + behind)) || _services.Outage() is not { } outage)
        {
            return;
        }

        _hasLeft = true;
        Timers.Cancel(nameof(Look));
        StoreReachLog.Leaves(_services.Log, _services.Clock.GetUtcNow() - outage.Since, outage.Reason);
        _services.Leave(new StorageException(StorageErrorKind.Unavailable, $"it does not reach its object store ({outage.Reason}), and others do: they take over what it led"));
    }

    private void Stays(long round)
    {
        _lastGood = Math.Max(_lastGood, round);
        _bad.RemoveWhere(number => number <= _lastGood);
    }

    private sealed record Look
    {
        public static readonly Look Instance = new();
    }

    // Whoever takes the place of an instance that failed counts anew.
    private sealed record RoundEnded(StoreReachActor BegunBy, long Number, bool IsReached, bool IsReachedByOther);
}

/// <summary>Asks a node's <see cref="StoreReachActor"/> whether the store answers it now. Answered with <see cref="StoreIsTried"/>.</summary>
internal sealed record TryStore
{
    public static readonly TryStore Instance = new();
}

/// <summary>A node has asked the store.</summary>
/// <param name="IsReached">It answered a read and a write.</param>
internal sealed record StoreIsTried(bool IsReached);

/// <summary>What a <see cref="StoreReachActor"/> works with.</summary>
/// <param name="MayLeave">Whether the node's log is in the bucket.</param>
/// <param name="Outage">Since when the store does not serve this node; null: it does.</param>
/// <param name="Answers">How many requests it has answered of those kinds that fail.</param>
/// <param name="TryAsync">Asks the store for a small read and a small write, once.</param>
/// <param name="Others">Those of the other nodes that serve and are heard of.</param>
/// <param name="Leave">Takes this node out of the cluster, for this reason.</param>
internal sealed record StoreReachServices(
    bool MayLeave,
    Func<StoreOutage?> Outage,
    Func<long> Answers,
    Func<CancellationToken, Task> TryAsync,
    Func<IReadOnlyList<ICanTell>> Others,
    Action<Exception> Leave,
    Random Random,
    TimeProvider Clock,
    ILogger Log)
{
    /// <summary>How often a round begins.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many there are at a time. A round does not wait for the one before, so that three take little longer than one.</summary>
    public int MostRounds { get; init; } = 3;
}

internal static partial class StoreReachLog
{
    [LoggerMessage(EventId = 5411, EventName = "StoreOutOfReach", Level = LogLevel.Error, Message = "This node has not reached its object store for {Elapsed} ({Reason}), and others of the cluster do: it leaves, so that they lead what it led, and comes back when the store answers it")]
    public static partial void Leaves(ILogger log, TimeSpan elapsed, string reason);

    [LoggerMessage(EventId = 5412, EventName = "StoreTriedInVain", Level = LogLevel.Warning, Message = "Whether the object store answers could not be tried")]
    public static partial void TriedInVain(ILogger log, Exception cause);

    [LoggerMessage(EventId = 5413, EventName = "OthersAskedInVain", Level = LogLevel.Warning, Message = "Another node could not say whether the object store answers it: it counts as not answering that one")]
    public static partial void AskedInVain(ILogger log, Exception cause);
}
