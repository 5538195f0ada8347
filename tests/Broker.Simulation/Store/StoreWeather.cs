using Broker.ObjectStore;
using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Store;

/// <summary>What befalls one request to the store.</summary>
internal enum StoreFault
{
    None,

    /// <summary>Refused before it did anything.</summary>
    Refused,

    /// <summary>503 SlowDown: refused, because there is too much.</summary>
    Throttled,

    /// <summary>Done, but the answer is lost.</summary>
    AnswerLost,

    /// <summary>Never done, and no answer.</summary>
    RequestLost,

    /// <summary>No answer in time; it is done long after.</summary>
    Late,

    /// <summary>A read whose answer breaks off in the middle.</summary>
    Truncated,

    /// <summary>A read whose answer has a bit that is not what is stored; the next one of the same object is whole.</summary>
    Damaged,
}

/// <summary>How the store is doing at the moment; it changes in the course of a run.</summary>
/// <param name="MinMs">The least latency.</param>
/// <param name="MaxMs">The most, but for what hangs.</param>
/// <param name="FaultsPerThousand">Requests that meet a fault.</param>
internal sealed record StoreClimate(string Name, int MinMs, int MaxMs, int FaultsPerThousand)
{
    public static readonly StoreClimate Fair = new("fair", 1, 15, 0);

    private static readonly StoreClimate[] All =
    [
        Fair,
        new("usual", 5, 60, 20),
        new("flaky", 5, 100, 150),
        new("slow", 100, 2500, 30),
        new("away", 1, 300, 1000),
    ];

    public static StoreClimate Any(Random random) => All[random.Next(All.Length)];
}

/// <summary>The weather over the store, by the seed.</summary>
internal sealed class StoreWeather(SimulatedWorld world)
{
    // A request of S3's client that gets no answer ends after some seconds to half a minute.
    private const int MinTimeoutMs = 2_000;
    private const int MaxTimeoutMs = 20_000;

    // More than those who wait for a last upload have patience for, less than those who upload have.
    private const int SlowPrefixMinMs = 1_500;
    private const int SlowPrefixMaxMs = 4_000;
    private const int SlowPrefixPerThousand = 100;
    private static readonly string[] Prefixes = ["data/", "wal/", "meta/"];

    /// <summary>Keys of PUTs that took effect long after their client had given them up: after a deletion, even.</summary>
    public HashSet<string> LateWrites { get; } = [];

    private readonly Dictionary<string, TimeSpan> _writtenAt = [];
    private TimeSpan? _searchedAt;

    // Damage on its way does not stay: the same twice is damage in the store. So long one of several readers may take for its second look.
    private static readonly TimeSpan SecondLooks = TimeSpan.FromMilliseconds(3 * MaxTimeoutMs);

    // When a read of an object came damaged last.
    private readonly Dictionary<string, TimeSpan> _damaged = [];

    private StoreClimate _climate = StoreClimate.Fair;
    private string _slowPrefix = "";
    private TimeSpan _slowUntil;
    private bool _isSettled;

    /// <summary>Changes it from time to time, until it is settled.</summary>
    public async Task ChangeAsync()
    {
        while (!_isSettled)
        {
            _climate = StoreClimate.Any(world.Random);
            world.Note("weather", _climate.Name);
            if (world.Chance(SlowPrefixPerThousand))
            {
                SlowDown(Prefixes[world.Random.Next(Prefixes.Length)], world.Between(1_000, 15_000));
            }

            await world.DelayAsync(_climate.FaultsPerThousand == 1000 ? world.Between(500, 20_000) : world.Between(1_000, 15_000));
        }
    }

    /// <summary>Requests for keys below <paramref name="prefix"/> take seconds for so long, whatever the others do: a store may have each prefix elsewhere.</summary>
    public void SlowDown(string prefix, TimeSpan time)
    {
        (_slowPrefix, _slowUntil) = (prefix, world.Elapsed + time);
        world.Note("weather", "slow-prefix", prefix, (long)time.TotalMilliseconds);
    }

    /// <summary>An object came into being.</summary>
    public void Written(string key) => _writtenAt[key] = world.Elapsed;

    /// <summary>All below a prefix was listed: if that is the data's, it was a search for orphans. Only one since the weather settled excuses anything: what came before, that one has to find.</summary>
    public void Listed(string prefix) => _searchedAt = _isSettled && prefix == DataKeys.Prefix ? world.Elapsed : _searchedAt;

    /// <summary>
    /// Whether no search for orphans can have met it so far: a PUT took effect long after its client had given it up, or was sent after the last search, as by a run that stood still, and went on when it had
    /// been replaced.
    /// </summary>
    public bool IsLatecomer(string key) => LateWrites.Contains(key) || (_searchedAt is { } searched && _writtenAt.TryGetValue(key, out TimeSpan written) && written >= searched);

    /// <summary>Fair from now on.</summary>
    public void Settle()
    {
        _isSettled = true;
        _climate = StoreClimate.Fair;
        _slowUntil = TimeSpan.Zero;
        world.Note("weather", "settled");
    }

    /// <summary>Damages what was read of an object, if no other read of it was damaged a short while ago.</summary>
    public byte[] Damage(string key, ReadOnlyMemory<byte> read)
    {
        byte[] bytes = read.ToArray();
        if (bytes.Length > 0 && (!_damaged.TryGetValue(key, out TimeSpan last) || world.Elapsed - last > SecondLooks))
        {
            _damaged[key] = world.Elapsed;
            bytes[world.Random.Next(bytes.Length)] ^= (byte)(1 << world.Random.Next(8));
        }

        return bytes;
    }

    /// <summary>What befalls the next request, which is for this key or prefix.</summary>
    public StoreFate Next(string key)
    {
        TimeSpan there = world.Between(_climate.MinMs, _climate.MaxMs) / 2;
        if (world.Elapsed < _slowUntil && key.StartsWith(_slowPrefix, StringComparison.Ordinal))
        {
            there += world.Between(SlowPrefixMinMs, SlowPrefixMaxMs);
        }

        TimeSpan back = world.Between(_climate.MinMs, _climate.MaxMs) / 2;
        if (!world.Chance(_climate.FaultsPerThousand))
        {
            return new StoreFate(StoreFault.None, there, back);
        }

        StoreFault fault = (StoreFault)world.Random.Next(1, (int)StoreFault.Damaged + 1);
        return fault switch
        {
            StoreFault.AnswerLost or StoreFault.RequestLost => new StoreFate(fault, there, world.Between(_climate.MinMs, MaxTimeoutMs)),
            StoreFault.Late => new StoreFate(fault, world.Between(MinTimeoutMs, 2 * MaxTimeoutMs), world.Between(MinTimeoutMs, MaxTimeoutMs)),
            _ => new StoreFate(fault, there, back),
        };
    }
}

/// <summary>One request's fate.</summary>
/// <param name="There">Until it is done, where it is.</param>
/// <param name="Back">From then, or where the answer does not wait for that: from the start, until the answer.</param>
internal readonly record struct StoreFate(StoreFault Fault, TimeSpan There, TimeSpan Back);
