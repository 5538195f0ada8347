using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>A view of a store whose PUTs keep to a pace: those that nobody waits for leave the network, and the store, to those that somebody does.</summary>
public sealed class PacedObjectStore(IObjectStore inner, BytePace pace) : ForwardingObjectStore(inner)
{
    // Asynchronous of its own: what it sets does not reach its caller.

    /// <inheritdoc/>
    public override async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        BodyPace.Set(pace);
        return await base.PutAsync(key, body, condition, ct);
    }
}
