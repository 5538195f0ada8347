using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Interop.Clients;

/// <summary>A record as a test sends it. Headers are pairs of name and value; a value may be null.</summary>
public sealed record SentRecord(int Partition, string? Key, string? Value, IReadOnlyList<string?[]> Headers)
{
    public SentRecord(int partition, string? key, string? value)
        : this(partition, key, value, [])
    {
    }

    /// <summary>One line of the client programs' protocol.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, ClientProtocol.Options);
}

/// <summary>
/// A record as a client received it. The timestamp is in milliseconds since the epoch, by the producer's clock.
/// </summary>
public sealed record ReceivedRecord(
    int Partition, long Offset, long Timestamp, string? Key, string? Value, IReadOnlyList<string?[]> Headers);

/// <summary>What a producer was told about one record.</summary>
public sealed record Acknowledgement(int Partition, long Offset);

/// <summary>What a group member prints when it has been given partitions; null on other lines.</summary>
public sealed record AssignmentEvent(IReadOnlyList<int>? Assigned);

/// <summary>The line protocol of the client programs; python/client_cli.py describes it.</summary>
public static class ClientProtocol
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <exception cref="JsonException">The line is none of the protocol's.</exception>
    public static T Parse<T>(string line) =>
        JsonSerializer.Deserialize<T>(line, Options) ?? throw new JsonException($"null instead of {typeof(T).Name}");
}
