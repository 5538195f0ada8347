namespace Akka.Streams.Implementation;

/// <summary>A graph of any shape.</summary>
internal sealed class GraphImpl<TShape, TMat>(TShape shape, Blueprint blueprint) : IGraph<TShape, TMat>
    where TShape : Shape
{
    public TShape Shape => shape;

    Blueprint IGraph<TShape>.Blueprint => blueprint;

    public IGraph<TShape, TMat> WithAttributes(Attributes attributes) =>
        new GraphImpl<TShape, TMat>(shape, blueprint.WithAttributes(attributes));

    public IGraph<TShape, TMat> AddAttributes(Attributes attributes) =>
        new GraphImpl<TShape, TMat>(shape, blueprint.AddAttributes(attributes));

    public IGraph<TShape, TMat> Named(string name) => AddAttributes(Attributes.CreateName(name));
}
