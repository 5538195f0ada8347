using Akka.Event;

namespace Akka.Remote.Watch;

/// <summary>What the watchers of two systems tell each other.</summary>
internal interface IWatchMessage : IDeadLetterSuppression
{
}

/// <summary>"Tell me when the actor at this path ends"; sent again and again, as any one may be lost.</summary>
internal sealed record WatchPath(string Path) : IWatchMessage;

/// <summary>"It is of no more interest."</summary>
internal sealed record UnwatchPath(string Path) : IWatchMessage;

/// <summary>"The actor at this path has ended", or was not there at all.</summary>
internal sealed record PathStopped(string Path, bool Existed) : IWatchMessage;

/// <summary>"Are you there?"</summary>
internal sealed record WatchHeartbeat : IWatchMessage
{
    public static readonly WatchHeartbeat Instance = new();
}

/// <summary>"Yes", and which run of the system says so.</summary>
internal sealed record WatchHeartbeatResponse(int Uid) : IWatchMessage;
