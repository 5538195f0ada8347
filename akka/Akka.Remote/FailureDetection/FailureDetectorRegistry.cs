using System.Collections.Concurrent;

namespace Akka.Remote;

/// <summary>A failure detector per resource.</summary>
public interface IFailureDetectorRegistry<T>
{
    /// <summary>True also for a resource that is not monitored.</summary>
    bool IsAvailable(T resource);

    bool IsMonitoring(T resource);

    /// <summary>A heartbeat of the resource; the first one begins its monitoring.</summary>
    void Heartbeat(T resource);

    void Remove(T resource);

    void Reset();
}

/// <summary>Makes a detector at the first heartbeat of a resource. Safe from any thread.</summary>
public class DefaultFailureDetectorRegistry<T> : IFailureDetectorRegistry<T>
    where T : notnull
{
    private readonly ConcurrentDictionary<T, FailureDetector> _detectors = new();
    private readonly Func<FailureDetector> _factory;

    public DefaultFailureDetectorRegistry(Func<FailureDetector> factory) => _factory = factory;

    public bool IsAvailable(T resource) => !_detectors.TryGetValue(resource, out FailureDetector? detector) || detector.IsAvailable;

    public bool IsMonitoring(T resource) => _detectors.TryGetValue(resource, out FailureDetector? detector) && detector.IsMonitoring;

    public void Heartbeat(T resource) => _detectors.GetOrAdd(resource, _ => _factory()).HeartBeat();

    public void Remove(T resource) => _detectors.TryRemove(resource, out _);

    public void Reset() => _detectors.Clear();
}
