namespace Akka.Util;

/// <summary>A value or none.</summary>
public readonly struct Option<T>
{
    public static readonly Option<T> None;

    public Option(T value)
    {
        Value = value;
        HasValue = value is not null;
    }

    public bool HasValue { get; }

    public bool IsEmpty => !HasValue;

    public T Value { get; }

    public static Option<T> Create(T value) => new(value);

    public T GetOrElse(T fallbackValue) => HasValue ? Value : fallbackValue;

    public Option<TNew> Select<TNew>(Func<T, TNew> selector) => HasValue ? new Option<TNew>(selector(Value)) : Option<TNew>.None;

    public override string ToString() => HasValue ? $"Some<{Value}>" : "None";

    public static implicit operator Option<T>(T value) => new(value);
}
