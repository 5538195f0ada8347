using System.Diagnostics.Metrics;
using Broker.Actors.Metrics;
using Broker.Actors.Storage;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Wal;

namespace Broker.Node.Metrics;

/// <summary>The way of records through write-ahead log, caches and uploads.</summary>
internal static class StorageInstruments
{
    public static void AddTo(Meter meter, BrokerMetrics broker)
    {
        meter.CreateObservableCounter("broker_wal_appends_total", () => broker.Wal.Appends, null, "Groups of record batches that the write-ahead log made durable.");
        meter.CreateObservableCounter("broker_wal_appended_bytes_total", () => broker.Wal.Bytes, "By", "Bytes of record batches in them.");
        meter.CreateObservableCounter("broker_wal_refusals_total", () => broker.Wal.Refusals, null, "Groups that the write-ahead log refused, or whose outcome is unknown.");
        meter.CreateObservableCounter("broker_uploaded_objects_total", () => broker.Uploads.Objects, null, "Objects that were uploaded and are in the metadata.");
        meter.CreateObservableCounter("broker_uploaded_bytes_total", () => broker.Uploads.Bytes, "By", "Bytes of uploaded objects.");
        meter.CreateObservableGauge("broker_uploads_failing", () => broker.Uploads.IsFailing ? 1 : 0, null, "1 while uploads fail and are tried again, else 0.");
    }

    public static void AddTo(Meter meter, StorageEngine storage)
    {
        IWriteAheadLog wal = storage.WriteAheadLog;
        meter.CreateObservableGauge("broker_wal_used_bytes", () => wal.UsedBytes, "By", "What the write-ahead log holds.");
        meter.CreateObservableGauge("broker_wal_capacity_bytes", () => wal.CapacityBytes, "By", "What it may hold.");

        LogCache log = storage.Cache;
        meter.CreateObservableGauge("broker_unuploaded_bytes", () => log.UnuploadedBytes, "By", "What is durable in the write-ahead log only: in no object yet.");
        meter.CreateObservableGauge("broker_unuploaded_age_seconds", () => log.OldestUnuploadedAge?.TotalSeconds ?? 0, "s", "How long the oldest of that has waited.");
        meter.CreateObservableGauge("broker_log_cache_bytes", () => log.TotalBytes, "By", "Size of the cache of what was appended last.");
        meter.CreateObservableGauge("broker_log_cache_capacity_bytes", () => log.CapacityBytes, "By", "Its bound (cache.log.bytes).");
        meter.CreateObservableCounter("broker_log_cache_hits_total", () => log.Hits, null, "Reads of partitions that it answered.");
        meter.CreateObservableCounter("broker_log_cache_misses_total", () => log.Misses, null, "Reads of what it holds no longer, or never did.");

        BlockCache blocks = storage.Blocks;
        meter.CreateObservableGauge("broker_block_cache_bytes", () => blocks.SizeBytes, "By", "Size of the cache of blocks of objects.");
        meter.CreateObservableGauge("broker_block_cache_capacity_bytes", () => blocks.CapacityBytes, "By", "Its bound (cache.block.bytes).");
        meter.CreateObservableCounter("broker_block_cache_hits_total", () => blocks.Hits, null, "Blocks that were there, or on their way, when asked for.");
        meter.CreateObservableCounter("broker_block_cache_misses_total", () => blocks.Misses, null, "Blocks that had to be loaded, on demand or ahead of it.");
    }
}
