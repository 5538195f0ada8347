namespace Broker.Actors.Requests;

/// <summary>Kafka's rule for topic names.</summary>
internal static class TopicNames
{
    private const int MaxLength = 249;

    /// <summary>What is wrong with a name; null when it is fine.</summary>
    public static string? Problem(string name) => name switch
    {
        "" => "a topic name must not be empty",
        "." or ".." => "a topic name must not be '.' or '..'",
        { Length: > MaxLength } => $"a topic name has at most {MaxLength} characters",
        _ when name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') => null,
        _ => $"the topic name '{name}' has characters other than ASCII letters, digits, '.', '_' and '-'",
    };
}
