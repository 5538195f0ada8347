namespace Akka.Streams.Stage;

/// <summary>Reacts to what happens at an inlet.</summary>
public interface IInHandler
{
    /// <summary>An element has come; it can be grabbed.</summary>
    void OnPush();

    /// <summary>No element will come any more.</summary>
    void OnUpstreamFinish();

    /// <summary>Upstream has failed.</summary>
    void OnUpstreamFailure(Exception e);
}

/// <summary>Reacts to what happens at an outlet.</summary>
public interface IOutHandler
{
    /// <summary>Downstream wants an element; one may be pushed now or later.</summary>
    void OnPull();

    /// <summary>Downstream takes no more elements.</summary>
    void OnDownstreamFinish(Exception cause);
}

/// <summary>A logic that is its own handler for its only inlet.</summary>
public abstract class InGraphStageLogic : GraphStageLogic, IInHandler
{
    protected InGraphStageLogic(Shape shape)
        : base(shape)
    {
    }

    public abstract void OnPush();

    public virtual void OnUpstreamFinish() => CompleteStage();

    public virtual void OnUpstreamFailure(Exception e) => FailStage(e);
}

/// <summary>A logic that is its own handler for its only outlet.</summary>
public abstract class OutGraphStageLogic : GraphStageLogic, IOutHandler
{
    protected OutGraphStageLogic(Shape shape)
        : base(shape)
    {
    }

    public abstract void OnPull();

    public virtual void OnDownstreamFinish(Exception cause) => CancelStage(cause);
}

/// <summary>A logic that is its own handler for its inlet and its outlet.</summary>
public abstract class InAndOutGraphStageLogic : GraphStageLogic, IInHandler, IOutHandler
{
    protected InAndOutGraphStageLogic(Shape shape)
        : base(shape)
    {
    }

    public abstract void OnPush();

    public virtual void OnUpstreamFinish() => CompleteStage();

    public virtual void OnUpstreamFailure(Exception e) => FailStage(e);

    public abstract void OnPull();

    public virtual void OnDownstreamFinish(Exception cause) => CancelStage(cause);
}
