using Akka.Configuration;
using Broker.Actors.Configuration;
using Broker.ObjectStore;

namespace Broker.Simulation.Node;

/// <summary>The settings of a simulated node: small bounds, so that everything that happens in days happens in a minute.</summary>
internal static class NodeSettings
{
    private const int OffsetMapEntryBytes = 24;

    /// <summary>Actors run in the process's context, on its clock, and log nothing by themselves.</summary>
    public static readonly Config Actors = ConfigurationFactory.ParseString(
        $$"""
        akka {
          loggers = []
          loglevel = OFF
          stdout-loglevel = OFF
          log-dead-letters = off
          scheduler.implementation = "{{typeof(ProcessScheduler).AssemblyQualifiedName}}"
          actor.default-dispatcher {
            type = SynchronizedDispatcher
            throughput = 5
          }
          coordinated-shutdown.run-by-actor-system-terminate = off
        }
        """);

    private static readonly BrokerOptions Common = BrokerOptions.From(BrokerSettings.From(
        new (string Name, string Value)[]
        {
            ("log.dirs", "/simulated"),
            ("listeners", "PLAINTEXT://127.0.0.1:9092"),
            ("auto.create.topics.enable", "false"),
            ("shutdown.timeout.ms", "8000"),
        }.Select(one => new GivenSetting(one.Name, one.Value, SettingSource.Override, "simulation"))));

    /// <summary>Draws the settings of a run.</summary>
    public static BrokerOptions Draw(WalKind walKind, Random random)
    {
        StorageOptions storage = Common.Storage with
        {
            WalKind = walKind,
            WalSegmentBytes = 64 << 10,
            WalCapacityBytes = (random.Next(2) == 0 ? 3 : 8) * (64L << 10),
            WalBatchMaxBytes = random.Next(1 << 10, 16 << 10),
            UploadBytes = random.Next(1 << 10, 40 << 10),
            UploadInterval = TimeSpan.FromMilliseconds(random.Next(500, 8000)),
            UploadsInFlight = random.Next(1, 4),
            LogCacheBytes = random.Next(8 << 10, 200 << 10),
            BlockCacheBytes = 8 << 20,
            MetadataSnapshotEveryCommits = random.Next(2, 60),
            BucketWal = new BucketWalSettings(
                random.Next(40 << 10, 200 << 10), random.Next(1, 6), random.Next(2) * 20, 8 << 10, TimeSpan.FromMilliseconds(random.Next(0, 50)), random.Next(2, 60)),
        };
        TopicOptions topics = Common.Topics with
        {
            RetentionCheckInterval = TimeSpan.FromMilliseconds(random.Next(2000, 8000)),
            DeleteDelay = TimeSpan.FromMilliseconds(random.Next(500, 8000)),
        };
        CompactionSettings compaction = Common.Compaction with
        {
            Enabled = random.Next(4) > 0,
            Interval = TimeSpan.FromMilliseconds(random.Next(500, 5000)),
            OrphanInterval = TimeSpan.FromMilliseconds(random.Next(2000, 10_000)),
            Options = Common.Compaction.Options with
            {
                MinAge = TimeSpan.FromMilliseconds(random.Next(100, 3000)),
                FanIn = random.Next(2, 9),
                SmallestBytes = random.Next(1 << 10, 40 << 10),
                StreamObjectBytes = random.Next(2 << 10, 60 << 10),
                MaxObjectBytes = random.Next(60 << 10, 600 << 10),
                DeadBytes = random.Next(1 << 10, 60 << 10),
            },
        };

        GroupOptions groups = Common.Groups with { OffsetsTopicPartitions = random.Next(1, 4) };

        // Room for all keys of a run, which is no more than a collection of garbage is due for. Now and then, for some of a log's: then a cleaning takes several.
        CleanerOptions cleaner = Common.Cleaner with { DedupeBufferBytes = random.Next(3) > 0 ? 48 << 10 : random.Next(6, 60) * OffsetMapEntryBytes };
        return Common with { NodeId = new NodeId(1), Storage = storage, Topics = topics, Compaction = compaction, Cleaner = cleaner, Groups = groups };
    }
}
