namespace Akka.Streams.Supervision;

/// <summary>What a stage does after a function it was given threw.</summary>
public enum Directive
{
    /// <summary>The stream fails.</summary>
    Stop,

    /// <summary>The element is dropped, the stage keeps its state.</summary>
    Resume,

    /// <summary>The element is dropped, the stage begins anew.</summary>
    Restart,
}

public delegate Directive Decider(Exception cause);

public static class Deciders
{
    public static readonly Decider StoppingDecider = static _ => Directive.Stop;

    public static readonly Decider ResumingDecider = static _ => Directive.Resume;

    public static readonly Decider RestartingDecider = static _ => Directive.Restart;
}
