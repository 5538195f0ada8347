namespace Akka.Streams;

/// <summary>Properties of a graph that its stages inherit; the innermost wins.</summary>
public sealed class Attributes
{
    public static readonly Attributes None = new();

    private readonly IAttribute[] _attributes;

    public Attributes(params IAttribute[] attributes) => _attributes = attributes ?? [];

    public IEnumerable<IAttribute> AttributeList => _attributes;

    public static Attributes CreateName(string name) => new(new Name(name));

    public static Attributes CreateInputBuffer(int initial, int max) => new(new InputBuffer(initial, max));

    /// <summary>These attributes and then <paramref name="other"/>, which win.</summary>
    public Attributes And(Attributes other) =>
        other._attributes.Length == 0 ? this : _attributes.Length == 0 ? other : new Attributes([.. _attributes, .. other._attributes]);

    public Attributes And(IAttribute other) => new([.. _attributes, other]);

    /// <summary>The innermost attribute of that type.</summary>
    public TAttr GetAttribute<TAttr>(TAttr defaultIfNotFound)
        where TAttr : class, IAttribute => GetAttribute<TAttr>() ?? defaultIfNotFound;

    /// <summary>The innermost attribute of that type, or null.</summary>
    public TAttr GetAttribute<TAttr>()
        where TAttr : class, IAttribute => _attributes.OfType<TAttr>().LastOrDefault()!;

    public bool Contains<TAttr>(TAttr attribute)
        where TAttr : IAttribute => _attributes.Contains(attribute);

    public string GetNameOrDefault(string defaultIfNotFound = "unknown-operation") =>
        GetAttribute<Name>()?.Value ?? defaultIfNotFound;

    public interface IAttribute
    {
    }

    public interface IMandatoryAttribute : IAttribute
    {
    }

    public sealed class Name : IAttribute, IEquatable<Name>
    {
        public readonly string Value;

        public Name(string value) => Value = value;

        public bool Equals(Name? other) => other is not null && Value == other.Value;

        public override bool Equals(object? obj) => Equals(obj as Name);

        public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>Bounds of a buffer, for the stages that have one.</summary>
    public sealed class InputBuffer : IMandatoryAttribute, IEquatable<InputBuffer>
    {
        public readonly int Initial;

        public readonly int Max;

        public InputBuffer(int initial, int max)
        {
            Initial = initial;
            Max = max;
        }

        public bool Equals(InputBuffer? other) => other is not null && Initial == other.Initial && Max == other.Max;

        public override bool Equals(object? obj) => Equals(obj as InputBuffer);

        public override int GetHashCode() => HashCode.Combine(Initial, Max);
    }
}

/// <summary>Attributes of graphs that run on actors.</summary>
public static class ActorAttributes
{
    /// <summary>What stages do when a function they were given throws.</summary>
    public static Attributes CreateSupervisionStrategy(Supervision.Decider strategy) => new(new SupervisionStrategy(strategy));

    /// <summary>Which dispatcher runs the graph; the outermost counts, since a graph runs on one actor.</summary>
    public static Attributes CreateDispatcher(string dispatcherName) => new(new Dispatcher(dispatcherName));

    public sealed class SupervisionStrategy : Attributes.IMandatoryAttribute
    {
        public readonly Supervision.Decider Decider;

        public SupervisionStrategy(Supervision.Decider decider) => Decider = decider;
    }

    public sealed class Dispatcher : Attributes.IMandatoryAttribute, IEquatable<Dispatcher>
    {
        public readonly string Name;

        public Dispatcher(string name) => Name = name;

        public bool Equals(Dispatcher? other) => other is not null && Name == other.Name;

        public override bool Equals(object? obj) => Equals(obj as Dispatcher);

        public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);
    }
}
