using System.Diagnostics.Metrics;
using Broker.Actors;
using Broker.ObjectStore.Metadata;

namespace Broker.Node.Metrics;

/// <summary>What the metadata say that there is.</summary>
internal static class MetadataInstruments
{
    public static void AddTo(Meter meter, BrokerSystem system)
    {
        ObjectTotals totals = new();
        meter.CreateObservableGauge("broker_partitions", () => system.Partitions.Count, null, "Partitions that are open on this node.");
        meter.CreateObservableGauge("broker_partitions_offline", () => system.OfflinePartitions, null, "Partitions of the cluster that nobody leads who is there, as far as this node knows: they wait for a log to be fenced, or for the node that has it.");
        meter.CreateObservableGauge("broker_topics", () => system.Metadata.Current.Topics.Count, null, "Topics.");
        meter.CreateObservableGauge("broker_metadata_version", () => system.Metadata.Current.Version, null, "The slot of the last commit to the metadata log.");
        meter.CreateObservableGauge("broker_objects", () => system.Metadata.Current.Objects.Count, null, "Objects with records.");
        meter.CreateObservableGauge("broker_object_bytes", () => totals.BytesOf(system.Metadata.Current), "By", "Their bytes: what is stored and paid for by the month.");
        meter.CreateObservableGauge("broker_deletable_objects", () => system.Metadata.Current.DeletableObjects.Count, null, "Objects that nothing refers to and that wait for their deletion.");
    }
}

/// <summary>The bytes of all objects: added up once for an image, as there may be a hundred thousand. Thread-safe.</summary>
internal sealed class ObjectTotals
{
    private volatile Total? _last;

    public long BytesOf(MetadataImage image)
    {
        Total? last = _last;
        if (last is null || !ReferenceEquals(last.Objects, image.Objects))
        {
            _last = last = new Total(image.Objects, image.Objects.Values.Sum(one => one.SizeBytes));
        }

        return last.Bytes;
    }

    private sealed record Total(object Objects, long Bytes);
}
