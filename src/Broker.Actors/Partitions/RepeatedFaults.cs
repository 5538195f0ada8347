namespace Broker.Actors.Partitions;

/// <summary>
/// Which faults an operator has been told of: clients try again many times a second, and each fault is worth one line. Told again after <see cref="Again"/>, for whoever
/// reads only the end of a log. Thread-safe.
/// </summary>
internal sealed class RepeatedFaults(TimeProvider clock)
{
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(10);

    // Different damaged blocks: beyond that something is wrong on the whole, and the oldest are told again.
    private const int MaxRemembered = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _toldAt = new(StringComparer.Ordinal);

    /// <summary>Whether that fault is to be told; then it counts as told.</summary>
    public bool IsNew(string fault)
    {
        long now = clock.GetTimestamp();
        lock (_lock)
        {
            if (_toldAt.TryGetValue(fault, out long told) && clock.GetElapsedTime(told, now) < Again)
            {
                return false;
            }

            if (_toldAt.Count >= MaxRemembered)
            {
                _toldAt.Remove(_toldAt.MinBy(pair => pair.Value).Key);
            }

            _toldAt[fault] = now;
            return true;
        }
    }
}
