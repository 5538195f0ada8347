using Broker.Wire;

namespace Broker.Actors.Groups;

/// <summary>What a group's state machine needs of whoever runs it. All of it happens in the group's turns.</summary>
internal interface IGroupHost
{
    /// <summary>Now, in ms since 1970.</summary>
    long NowMs { get; }

    /// <summary>A name that was never given out: the tail of a member id.</summary>
    Guid NewId();

    /// <summary>Makes the group's state durable, with these assignments by member id, and then says how it went.</summary>
    void Store(ClassicGroup group, IReadOnlyDictionary<string, byte[]> assignments, Action<ErrorCode> stored);
}
