namespace Broker.Actors.Connections;

/// <summary>
/// Bytes that the records of all fetches in progress may hold together, from the read until they are written. Nobody waits for it: a fetch that
/// gets less reads less, and its client comes again. Thread-safe.
/// </summary>
public sealed class ResponseMemory(long capacityBytes)
{
    private long _heldBytes;

    /// <summary>What is held now, in bytes; above the capacity only by what <see cref="Take"/> took.</summary>
    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    /// <summary>Takes as much of <paramref name="wanted"/> as there is room for, and says how much that is.</summary>
    public long TakeUpTo(long wanted)
    {
        while (true)
        {
            long held = Interlocked.Read(ref _heldBytes);
            long taken = Math.Clamp(capacityBytes - held, 0, wanted);
            if (taken == 0 || Interlocked.CompareExchange(ref _heldBytes, held + taken, held) == held)
            {
                return taken;
            }
        }
    }

    /// <summary>Takes bytes past the bound: for a first batch, without which a client would never get on, and for what came larger than asked.</summary>
    public void Take(long bytes) => Interlocked.Add(ref _heldBytes, bytes);

    /// <summary>Gives bytes back.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _heldBytes, -bytes);
}
