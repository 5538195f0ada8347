using Broker.Actors.Groups;
using Broker.Wire;

namespace Broker.Actors.Unit.Groups;

/// <summary>Runs a group on a clock and a store that the test moves.</summary>
internal sealed class FakeGroupHost : IGroupHost
{
    private readonly List<Action<ErrorCode>> _waiting = [];
    private int _nextId;

    public long NowMs { get; set; } = 1_000_000;

    /// <summary>Whether stores succeed at once; else <see cref="CompleteStores"/> ends them.</summary>
    public bool StoresAtOnce { get; set; } = true;

    /// <summary>Every state that was to be stored: the generation and the assignments.</summary>
    public List<(int Generation, IReadOnlyDictionary<string, byte[]> Assignments)> Stored { get; } = [];

    public Guid NewId() => new(++_nextId, 0, 0, new byte[8]);

    public void Store(ClassicGroup group, IReadOnlyDictionary<string, byte[]> assignments, Action<ErrorCode> stored)
    {
        Stored.Add((group.Generation, assignments));
        if (StoresAtOnce)
        {
            stored(ErrorCode.None);
        }
        else
        {
            _waiting.Add(stored);
        }
    }

    public void CompleteStores(ErrorCode error = ErrorCode.None)
    {
        Action<ErrorCode>[] waiting = [.. _waiting];
        _waiting.Clear();
        foreach (Action<ErrorCode> stored in waiting)
        {
            stored(error);
        }
    }
}
