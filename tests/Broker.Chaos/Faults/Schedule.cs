namespace Broker.Chaos.Faults;

/// <summary>Draws faults: each kind once in a random order, and so on. Two at a time now and then, where <paramref name="overlaps"/> says so.</summary>
/// <param name="seed">The same seed gives the same faults.</param>
/// <param name="kinds">What may happen.</param>
/// <param name="nodes">How many nodes there are.</param>
/// <param name="overlaps">Whether two may happen at the same time.</param>
public sealed class Schedule(int seed, IReadOnlyList<FaultKind> kinds, int nodes, bool overlaps)
{
    /// <summary>One in so many rounds has two faults.</summary>
    private const int OverlapEvery = 3;

    /// <summary>Kinds that bear no second one beside them: they take nodes away and give them back, or are about all.</summary>
    private static readonly FaultKind[] Alone = [FaultKind.KillSeveral, FaultKind.RollingRestart, FaultKind.StoreDown];

    /// <summary>Kinds that concern the store as all see it: beside any fault of a node.</summary>
    private static readonly FaultKind[] OfTheStore = [FaultKind.StoreSlow, FaultKind.StoreStalls, FaultKind.StoreFailing];

    private static readonly TimeSpan[] Jumps = [.. new[] { -600, -120, -5, 5, 120, 600 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    private readonly Random _random = new(seed);

    /// <summary>Without an end: each round's faults happen at the same time.</summary>
    public IEnumerable<IReadOnlyList<PlannedFault>> Rounds()
    {
        Queue<FaultKind> deck = new();
        while (true)
        {
            if (deck.Count == 0)
            {
                FaultKind[] shuffled = [.. kinds];
                _random.Shuffle(shuffled);
                deck = new Queue<FaultKind>(shuffled);
            }

            PlannedFault first = Draw(deck.Dequeue());
            FaultKind[] beside = [.. OfTheStore.Where(kinds.Contains)];
            bool isDouble = overlaps && beside.Length > 0 && _random.Next(OverlapEvery) == 0 && !Alone.Contains(first.Kind) && !IsOfTheStore(first.Kind);
            yield return isDouble ? [first, Draw(beside[_random.Next(beside.Length)])] : [first];
        }
    }

    private static bool IsOfTheStore(FaultKind kind) => kind is FaultKind.StoreSlow or FaultKind.StoreStalls or FaultKind.StoreFailing or FaultKind.StoreCut or FaultKind.StoreCutLong or FaultKind.CutOff;

    private PlannedFault Draw(FaultKind kind)
    {
        int[] ids = [.. Enumerable.Range(1, nodes)];
        _random.Shuffle(ids);
        int victims = kind switch
        {
            FaultKind.KillSeveral => _random.Next(2, nodes + 1),
            FaultKind.RollingRestart or FaultKind.StoreDown or FaultKind.StoreSlow or FaultKind.StoreStalls or FaultKind.StoreFailing => nodes,
            FaultKind.CutLink => 2,
            _ => 1,
        };
        return new PlannedFault(kind, ids[..victims], LengthOf(kind), Seconds(1, 4), _random.Next(), Jumps[_random.Next(Jumps.Length)]);
    }

    // Others take over from a node that is silent for two to three seconds.
    private TimeSpan LengthOf(FaultKind kind) => kind switch
    {
        FaultKind.KillOne or FaultKind.KillSeveral or FaultKind.Stop or FaultKind.RollingRestart => _random.Next(3) == 0 ? TimeSpan.Zero : Seconds(0.5, 8),
        FaultKind.FreezeShortly => Seconds(0.2, 1.2),
        FaultKind.StoreSlow or FaultKind.StoreFailing => Seconds(6, 10),
        FaultKind.StoreStalls => Seconds(10, 20),
        FaultKind.IsolateLong or FaultKind.StoreCutLong => Seconds(25, 45),
        FaultKind.AddNode => Seconds(8, 16),
        _ => Seconds(4, 12),
    };

    private TimeSpan Seconds(double least, double most) => TimeSpan.FromSeconds(least + (_random.NextDouble() * (most - least)));
}
