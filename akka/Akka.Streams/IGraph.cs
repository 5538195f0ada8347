using Akka.Streams.Implementation;

namespace Akka.Streams;

/// <summary>A description of a stream or a part of one. Immutable; can be used many times.</summary>
public interface IGraph<out TShape>
    where TShape : Shape
{
    TShape Shape { get; }

    internal Blueprint Blueprint { get; }
}

/// <summary>A graph and the type of what running it gives.</summary>
public interface IGraph<out TShape, out TMaterialized> : IGraph<TShape>
    where TShape : Shape
{
    /// <summary>Replaces the attributes.</summary>
    IGraph<TShape, TMaterialized> WithAttributes(Attributes attributes);

    /// <summary>Adds attributes.</summary>
    IGraph<TShape, TMaterialized> AddAttributes(Attributes attributes);

    IGraph<TShape, TMaterialized> Named(string name);
}
