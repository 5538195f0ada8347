namespace Akka.Streams;

/// <summary>What a full buffer does with one element more.</summary>
public enum OverflowStrategy
{
    /// <summary>Drops the oldest element.</summary>
    DropHead,

    /// <summary>Drops the youngest element in the buffer.</summary>
    DropTail,

    /// <summary>Drops all that is buffered.</summary>
    DropBuffer,

    /// <summary>Drops the new element.</summary>
    DropNew,

    /// <summary>Makes upstream wait.</summary>
    Backpressure,

    /// <summary>Fails the stream.</summary>
    Fail,
}

public enum ThrottleMode
{
    /// <summary>Elements wait until they may pass.</summary>
    Shaping,

    /// <summary>The stream fails when an element comes too early.</summary>
    Enforcing,
}
