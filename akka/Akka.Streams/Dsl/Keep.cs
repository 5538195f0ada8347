namespace Akka.Streams.Dsl;

/// <summary>Which materialized value to keep when graphs are joined.</summary>
public static class Keep
{
    public static TLeft Left<TLeft, TRight>(TLeft left, TRight right) => left;

    public static TRight Right<TLeft, TRight>(TLeft left, TRight right) => right;

    public static (TLeft, TRight) Both<TLeft, TRight>(TLeft left, TRight right) => (left, right);

    public static NotUsed None<TLeft, TRight>(TLeft left, TRight right) => NotUsed.Instance;
}
