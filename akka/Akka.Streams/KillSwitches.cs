using Akka.Streams.Implementation.Stages;

namespace Akka.Streams;

/// <summary>Ends streams from outside.</summary>
public interface IKillSwitch
{
    /// <summary>Completes downstream and cancels upstream.</summary>
    void Shutdown();

    /// <summary>Fails downstream and cancels upstream.</summary>
    void Abort(Exception cause);
}

public static class KillSwitches
{
    /// <summary>A flow with a switch of its own for each run.</summary>
    public static IGraph<FlowShape<T, T>, UniqueKillSwitch> Single<T>() => new KillableStage<T, UniqueKillSwitch>(() =>
    {
        TaskCompletionSource terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return (new UniqueKillSwitch(terminated), terminated.Task);
    });

    /// <summary>One switch for all flows that are made from it.</summary>
    public static SharedKillSwitch Shared(string name) => new(name);
}

/// <summary>Ends one stream.</summary>
public sealed class UniqueKillSwitch : IKillSwitch
{
    private readonly TaskCompletionSource _terminated;

    internal UniqueKillSwitch(TaskCompletionSource terminated) => _terminated = terminated;

    public void Shutdown() => _terminated.TrySetResult();

    public void Abort(Exception cause) => _terminated.TrySetException(cause);
}

/// <summary>Ends all streams that have a flow of it, those that are started later too.</summary>
public sealed class SharedKillSwitch : IKillSwitch
{
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _name;

    internal SharedKillSwitch(string name)
    {
        _name = name;
    }

    public void Shutdown() => _terminated.TrySetResult();

    public void Abort(Exception cause) => _terminated.TrySetException(cause);

    public IGraph<FlowShape<T, T>, SharedKillSwitch> Flow<T>() => new KillableStage<T, SharedKillSwitch>(() => (this, _terminated.Task));

    public override string ToString() => $"KillSwitch({_name})";
}
