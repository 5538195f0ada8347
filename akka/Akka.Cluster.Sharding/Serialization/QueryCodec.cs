using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster.Serialization;
using Akka.Serialization;

namespace Akka.Cluster.Sharding.Serialization;

/// <summary>The bytes of questions to regions, and of their answers.</summary>
internal static class QueryCodec
{
    private const string GetStateManifest = "FA";
    private const string StateManifest = "FB";
    private const string GetStatsManifest = "DA";
    private const string StatsManifest = "DB";
    private const string GetClusterStatsManifest = "GS";
    private const string ClusterStatsManifest = "CS";
    private const string GetRegionsManifest = "FC";
    private const string RegionsManifest = "FD";

    /// <summary>A length.</summary>
    private const int MinBytesPerString = sizeof(int);

    /// <summary>Two lengths, or a length and a number.</summary>
    private const int MinBytesPerPair = 2 * sizeof(int);

    /// <summary>Null for what is neither.</summary>
    public static string? Manifest(object message) => message switch
    {
        GetShardRegionState => GetStateManifest,
        CurrentShardRegionState => StateManifest,
        GetShardRegionStats => GetStatsManifest,
        ShardRegionStats => StatsManifest,
        GetClusterShardingStats => GetClusterStatsManifest,
        ClusterShardingStats => ClusterStatsManifest,
        GetCurrentRegions => GetRegionsManifest,
        CurrentRegions => RegionsManifest,
        _ => null,
    };

    /// <returns>False for what is neither.</returns>
    public static bool Write(ByteWriter writer, object message)
    {
        switch (message)
        {
            case GetShardRegionState or GetShardRegionStats or GetCurrentRegions:
                return true;
            case CurrentShardRegionState state:
                writer.WriteInt32(state.Shards.Count);
                foreach (ShardState shard in state.Shards)
                {
                    writer.WriteString(shard.ShardId);
                    WriteStrings(writer, shard.EntityIds);
                }

                WriteStrings(writer, state.Failed);
                return true;
            case ShardRegionStats stats:
                WriteStats(writer, stats);
                return true;
            case GetClusterShardingStats asked:
                writer.WriteInt64((long)asked.Timeout.TotalMilliseconds);
                return true;
            case ClusterShardingStats stats:
                writer.WriteInt32(stats.Regions.Count);
                foreach ((Address node, ShardRegionStats region) in stats.Regions)
                {
                    GossipCodec.WriteAddress(writer, node);
                    WriteStats(writer, region);
                }

                return true;
            case CurrentRegions regions:
                writer.WriteInt32(regions.Regions.Count);
                foreach (Address node in regions.Regions)
                {
                    GossipCodec.WriteAddress(writer, node);
                }

                return true;
            default:
                return false;
        }
    }

    /// <summary>Null for a manifest of neither.</summary>
    public static object? Read(ref ByteReader reader, string manifest) => manifest switch
    {
        GetStateManifest => GetShardRegionState.Instance,
        StateManifest => ReadState(ref reader),
        GetStatsManifest => GetShardRegionStats.Instance,
        StatsManifest => ReadStats(ref reader),
        GetClusterStatsManifest => new GetClusterShardingStats(ReadTimeout(ref reader)),
        ClusterStatsManifest => ReadClusterStats(ref reader),
        GetRegionsManifest => GetCurrentRegions.Instance,
        RegionsManifest => ReadRegions(ref reader),
        _ => null,
    };

    public static void WriteStrings(ByteWriter writer, IReadOnlyCollection<string> strings)
    {
        writer.WriteInt32(strings.Count);
        foreach (string text in strings)
        {
            writer.WriteString(text);
        }
    }

    public static string[] ReadStrings(ref ByteReader reader)
    {
        string[] strings = new string[reader.ReadCount(MinBytesPerString)];
        for (int i = 0; i < strings.Length; i++)
        {
            strings[i] = reader.ReadString();
        }

        return strings;
    }

    private static void WriteStats(ByteWriter writer, ShardRegionStats stats)
    {
        writer.WriteInt32(stats.Stats.Count);
        foreach ((string shard, int entities) in stats.Stats)
        {
            writer.WriteString(shard);
            writer.WriteInt32(entities);
        }

        WriteStrings(writer, stats.Failed);
    }

    private static ShardRegionStats ReadStats(ref ByteReader reader)
    {
        ImmutableDictionary<string, int>.Builder stats = ImmutableDictionary.CreateBuilder<string, int>();
        for (int left = reader.ReadCount(MinBytesPerPair); left > 0; left--)
        {
            stats[reader.ReadString()] = reader.ReadInt32();
        }

        return new ShardRegionStats(stats.ToImmutable(), ReadStrings(ref reader).ToImmutableHashSet());
    }

    private static CurrentShardRegionState ReadState(ref ByteReader reader)
    {
        ImmutableHashSet<ShardState>.Builder shards = ImmutableHashSet.CreateBuilder<ShardState>();
        for (int left = reader.ReadCount(MinBytesPerPair); left > 0; left--)
        {
            shards.Add(new ShardState(reader.ReadString(), ReadStrings(ref reader).ToImmutableHashSet()));
        }

        return new CurrentShardRegionState(shards.ToImmutable(), ReadStrings(ref reader).ToImmutableHashSet());
    }

    private static ClusterShardingStats ReadClusterStats(ref ByteReader reader)
    {
        ImmutableDictionary<Address, ShardRegionStats>.Builder regions = ImmutableDictionary.CreateBuilder<Address, ShardRegionStats>();
        for (int left = reader.ReadCount(MinBytesPerPair); left > 0; left--)
        {
            regions[GossipCodec.ReadAddress(ref reader)] = ReadStats(ref reader);
        }

        return new ClusterShardingStats(regions.ToImmutable());
    }

    private static CurrentRegions ReadRegions(ref ByteReader reader)
    {
        ImmutableHashSet<Address>.Builder regions = ImmutableHashSet.CreateBuilder<Address>();
        for (int left = reader.ReadCount(MinBytesPerPair); left > 0; left--)
        {
            regions.Add(GossipCodec.ReadAddress(ref reader));
        }

        return new CurrentRegions(regions.ToImmutable());
    }

    private static TimeSpan ReadTimeout(ref ByteReader reader)
    {
        long ms = reader.ReadInt64();
        return ms is >= 0 and <= int.MaxValue ? TimeSpan.FromMilliseconds(ms) : throw new SerializationException($"{ms} ms are no time-out.");
    }
}
