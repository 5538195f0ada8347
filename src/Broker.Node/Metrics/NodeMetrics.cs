using System.Diagnostics.Metrics;
using Broker.Actors;
using Broker.Actors.Metrics;
using Broker.Actors.Storage;
using Broker.ObjectStore;

namespace Broker.Node.Metrics;

/// <summary>The meter of a node with all its instruments. They read what the node's parts count anyway, when somebody asks. Thread-safe.</summary>
public sealed class NodeMetrics : IDisposable
{
    private readonly Meter _meter = new(BrokerMetrics.MeterName);

    /// <param name="store">Requests to the object store.</param>
    public NodeMetrics(StoreMetrics store)
    {
        Broker = new BrokerMetrics(_meter);
        StoreInstruments.AddTo(_meter, store);
        ClientInstruments.AddTo(_meter, Broker);
        StorageInstruments.AddTo(_meter, Broker);
        ProcessInstruments.AddTo(_meter);
    }

    /// <summary>What the node's actors count.</summary>
    public BrokerMetrics Broker { get; }

    /// <summary>Adds what there is to measure of a node only once it serves.</summary>
    public void Observe(StorageEngine storage, BrokerSystem system)
    {
        ClientInstruments.AddTo(_meter, system);
        StorageInstruments.AddTo(_meter, storage);
        MetadataInstruments.AddTo(_meter, system);
    }

    public void Dispose() => _meter.Dispose();
}
