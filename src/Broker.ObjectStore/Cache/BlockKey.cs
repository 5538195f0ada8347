namespace Broker.ObjectStore.Cache;

/// <summary>Names immutable bytes of the object store: an object and where in it they begin. Objects never change and keys are never reused.</summary>
public readonly record struct BlockKey(ObjectKey Object, long Position);
