using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Storage;

/// <summary>The actors that care for what is stored: retention, compaction and cleaning, the search for orphans. A cluster has one of each, beside its coordinator.</summary>
internal static class Caretakers
{
    /// <summary>Starts them.</summary>
    public static void Start(IActorRefFactory factory, IObjectStore store, BrokerOptions options, TimeProvider clock, ILoggerFactory loggers, MetadataView view, IActorRef coordinator)
    {
        CompactionSettings settings = options.Compaction;
        IObjectStore deletions = new PurposeObjectStore(store, StorePurpose.Delete);
        RetentionServices retention = new(view, coordinator, deletions, options.Settings, options.Topics, clock, loggers.CreateLogger("Broker.Retention"));
        factory.ActorOf(Props.Create(() => new RetentionActor(retention)), "retention");
        OrphanServices orphans = new(view, coordinator, deletions, settings.OrphanInterval, loggers.CreateLogger("Broker.Orphans"));
        factory.ActorOf(Props.Create(() => new OrphanActor(orphans)), "orphans");
        if (settings.Enabled)
        {
            CompactionServices compaction = new(
                view, coordinator, new PurposeObjectStore(store, StorePurpose.Compaction), options.Settings, settings, options.Cleaner, clock, loggers.CreateLogger("Broker.Compaction"));
            factory.ActorOf(Props.Create(() => new CompactionActor(compaction)), "compaction");
        }
    }
}
