using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>The model of a simulated WAL: what its owners were told, held against what recoveries show.</summary>
internal sealed class WalHistory
{
    private readonly Dictionary<long, long> _acknowledged = [];
    private readonly Dictionary<long, long> _byPosition = [];
    private readonly HashSet<long> _neverThere = [];
    private readonly List<long> _called = [];
    private HashSet<long> _lastShown = [];
    private int _lastOwner;
    private long _trimmedTo;
    private int _failed;
    private int _refused;
    private int _recoveries;
    private int _trims;

    /// <summary>What was acknowledged, by position, at a moment.</summary>
    internal sealed record View(Dictionary<long, long> Acknowledged);

    /// <summary>Sums over seeds.</summary>
    internal sealed record Totals
    {
        internal int Acknowledged { get; set; }

        internal int Failed { get; set; }

        internal int Refused { get; set; }

        internal int Recoveries { get; set; }

        internal int Trims { get; set; }

        public override string ToString() => $"{Acknowledged} acknowledged, {Failed} failed, {Refused} refused, {Recoveries} recoveries, {Trims} trims";
    }

    internal View Begin() => new(new Dictionary<long, long>(_acknowledged));

    internal void Calling(long[] numbers) => _called.AddRange(numbers);

    internal void Acknowledged(int owner, long[] numbers, long last)
    {
        for (int i = 0; i < numbers.Length; i++)
        {
            long position = last - (numbers.Length - 1 - i);
            See(position, numbers[i]);
            _acknowledged.Add(position, numbers[i]);

            // B5: a late word of what a later owner has seen, or that was trimmed before it looked; nothing that it does not know.
            Assert.True(owner >= _lastOwner || _lastShown.Contains(numbers[i]) || position <= _trimmedTo, $"owner {owner} was told of {numbers[i]}, after {_lastOwner}");
        }
    }

    internal void Failed(long[] numbers, StorageException error)
    {
        _failed += numbers.Length;
        if (error is WalFullException)
        {
            _refused += numbers.Length;
            _neverThere.UnionWith(numbers);
        }
        else if (error.Kind == StorageErrorKind.Fenced)
        {
            _neverThere.UnionWith(numbers);
        }
    }

    /// <summary>Something that an owner has acknowledged or found, which it may say is uploaded.</summary>
    internal long PickTrim(int owner, Random random)
    {
        long[] known = [.. _acknowledged.Where(pair => pair.Value / 10_000 == owner || _lastShown.Contains(pair.Value)).Select(pair => pair.Key)];
        long upTo = known.Length == 0 || owner < _lastOwner ? 0 : known[random.Next(known.Length)];
        _trims += upTo > 0 ? 1 : 0;
        _trimmedTo = Math.Max(_trimmedTo, upTo);
        return upTo;
    }

    internal void Recovered(int owner, View before, List<WalRecoveredRecord> records)
    {
        _recoveries++;
        long[] numbers = [.. records.Select(record => record.Record.BaseOffset.Value)];
        for (int i = 0; i < records.Count; i++)
        {
            // W2, W3: no gap, but where trims went on while it was read.
            Assert.True(i == 0 || records[i].Position.Value == records[i - 1].Position.Value + 1 || records[i].Position.Value <= _trimmedTo + 1, "a gap");
            See(records[i].Position.Value, numbers[i]);
        }

        // W1, W6: what was acknowledged before it began and not trimmed by its end.
        Dictionary<long, long> shown = records.ToDictionary(record => record.Position.Value, record => record.Record.BaseOffset.Value);
        Assert.All(before.Acknowledged.Where(pair => pair.Key > _trimmedTo), pair => Assert.Equal(pair.Value, shown.GetValueOrDefault(pair.Key)));

        // W4, B5, B6.
        Assert.Empty(numbers.Intersect(_neverThere));

        // W2: each owner's in the order of its calls, each once.
        Assert.Equal(numbers.Length, numbers.Distinct().Count());
        Assert.All(numbers.GroupBy(number => number / 10_000), own => Assert.Equal(own.Order(), own));
        Assert.Empty(numbers.Except(_called));
        if (owner > _lastOwner)
        {
            (_lastOwner, _lastShown) = (owner, [.. numbers]);
        }
    }

    internal void Count(Totals totals)
    {
        totals.Acknowledged += _acknowledged.Count;
        totals.Failed += _failed;
        totals.Refused += _refused;
        totals.Recoveries += _recoveries;
        totals.Trims += _trims;
    }

    // One record for each position, for ever, whoever tells of it. One that nobody acknowledged may be replaced only by a recovery that did not show it.
    private void See(long position, long number)
    {
        if (_acknowledged.TryGetValue(position, out long acknowledged))
        {
            Assert.Equal(acknowledged, number);
        }

        Assert.Equal(number, _byPosition.TryGetValue(position, out long seen) ? seen : number);
        _byPosition[position] = number;
    }
}
