using System.Collections.Immutable;

namespace Akka.Streams;

/// <summary>A place of a stage where elements come in.</summary>
public abstract class InPort
{
    protected InPort()
    {
    }

    /// <summary>Its place among the stage's inlets.</summary>
    internal int Id { get; set; } = -1;
}

/// <summary>A place of a stage where elements go out.</summary>
public abstract class OutPort
{
    protected OutPort()
    {
    }

    /// <summary>Its place among the stage's outlets.</summary>
    internal int Id { get; set; } = -1;
}

public abstract class Inlet : InPort
{
    public readonly string Name;

    protected Inlet(string name) => Name = name;

    public override string ToString() => Name;
}

public sealed class Inlet<T> : Inlet
{
    public Inlet(string name)
        : base(name)
    {
    }
}

public abstract class Outlet : OutPort
{
    public readonly string Name;

    protected Outlet(string name) => Name = name;

    public override string ToString() => Name;
}

public sealed class Outlet<T> : Outlet
{
    public Outlet(string name)
        : base(name)
    {
    }
}

/// <summary>The ports of a graph.</summary>
public abstract class Shape
{
    protected Shape()
    {
    }

    public abstract ImmutableArray<Inlet> Inlets { get; }

    public abstract ImmutableArray<Outlet> Outlets { get; }
}

/// <summary>No open port: the graph can be run.</summary>
public class ClosedShape : Shape
{
    public static readonly ClosedShape Instance = new();

    private ClosedShape()
    {
    }

    public override ImmutableArray<Inlet> Inlets => [];

    public override ImmutableArray<Outlet> Outlets => [];
}

public sealed class SourceShape<TOut> : Shape
{
    public SourceShape(Outlet<TOut> outlet)
    {
        Outlet = outlet;
        Outlets = [outlet];
    }

    public Outlet<TOut> Outlet { get; }

    public override ImmutableArray<Inlet> Inlets => [];

    public override ImmutableArray<Outlet> Outlets { get; }
}

public sealed class FlowShape<TIn, TOut> : Shape
{
    public FlowShape(Inlet<TIn> inlet, Outlet<TOut> outlet)
    {
        Inlet = inlet;
        Outlet = outlet;
        Inlets = [inlet];
        Outlets = [outlet];
    }

    public Inlet<TIn> Inlet { get; }

    public Outlet<TOut> Outlet { get; }

    public override ImmutableArray<Inlet> Inlets { get; }

    public override ImmutableArray<Outlet> Outlets { get; }
}

public sealed class SinkShape<TIn> : Shape
{
    public readonly Inlet<TIn> Inlet;

    public SinkShape(Inlet<TIn> inlet)
    {
        Inlet = inlet;
        Inlets = [inlet];
    }

    public override ImmutableArray<Inlet> Inlets { get; }

    public override ImmutableArray<Outlet> Outlets => [];
}

/// <summary>Many in, one out, or one in, many out: what the junctions use.</summary>
internal sealed class JunctionShape(ImmutableArray<Inlet> inlets, ImmutableArray<Outlet> outlets) : Shape
{
    public override ImmutableArray<Inlet> Inlets => inlets;

    public override ImmutableArray<Outlet> Outlets => outlets;
}
