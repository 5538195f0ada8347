using System.Globalization;

namespace Broker.Chaos.Runs;

/// <summary>What a run is told on its command line.</summary>
/// <param name="Duration">How long new faults come.</param>
/// <param name="Seed">Of the faults.</param>
/// <param name="Nodes">How many brokers.</param>
/// <param name="Store">"ceph"; "file"; "auto": Ceph's gateway if it is installed.</param>
/// <param name="OneRound">Whether it ends when each kind of fault was there once.</param>
/// <param name="Kinds">Kinds of faults, by their names; empty: all.</param>
/// <param name="Wal">Where brokers keep their logs: "bucket" or "disk".</param>
/// <param name="Downing">Who goes on when they cannot reach each other: "majority" or "lease".</param>
public sealed record ChaosOptions(TimeSpan Duration, int Seed, int Nodes, string Store, bool OneRound, IReadOnlyList<string> Kinds, string Wal, string Downing)
{
    public const string Usage = "run [--duration 10m] [--seed N] [--nodes 3] [--store auto|ceph|file] [--wal bucket|disk] [--downing majority|lease] [--one-round] [--faults KillOne,Stop...]";

    /// <exception cref="FormatException">The command line is none of a run's.</exception>
    public static ChaosOptions Parse(IReadOnlyList<string> args)
    {
        ChaosOptions options = new(TimeSpan.FromMinutes(10), Random.Shared.Next(), 3, "auto", false, [], "bucket", "majority");
        for (int i = 0; i < args.Count; i++)
        {
            string Value() => ++i < args.Count ? args[i] : throw new FormatException($"{args[i - 1]} needs a value");
            options = args[i] switch
            {
                "--duration" => options with { Duration = ParseDuration(Value()) },
                "--seed" => options with { Seed = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--nodes" => options with { Nodes = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--store" => options with { Store = Value() },
                "--wal" => options with { Wal = Value() },
                "--downing" => options with { Downing = Value() },
                "--one-round" => options with { OneRound = true },
                "--faults" => options with { Kinds = Value().Split(',') },
                _ => throw new FormatException($"'{args[i]}' is not known"),
            };
        }

        return options;
    }

    private static TimeSpan ParseDuration(string text)
    {
        double number = double.Parse(text.TrimEnd('h', 'm', 's'), CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            'h' => TimeSpan.FromHours(number),
            'm' => TimeSpan.FromMinutes(number),
            _ => TimeSpan.FromSeconds(number),
        };
    }
}
