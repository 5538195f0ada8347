namespace Broker.ObjectStore.Metadata;

/// <summary>
/// Remembers the ids that it gives, so that what was written under one of them, by a try whose outcome is unknown, is known as one's own. Two for each try to
/// reopen a log, which come seconds apart; forgotten when one succeeds.
/// </summary>
internal sealed class RememberedIds(IIdSource ids) : IIdSource
{
    private readonly Lock _lock = new();
    private readonly HashSet<Guid> _given = [];

    public Guid Next()
    {
        Guid id = ids.Next();
        lock (_lock)
        {
            _given.Add(id);
        }

        return id;
    }

    public bool Contains(Guid id)
    {
        lock (_lock)
        {
            return _given.Contains(id);
        }
    }

    public void Forget()
    {
        lock (_lock)
        {
            _given.Clear();
        }
    }
}
