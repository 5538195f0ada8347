using Broker.Actors.Groups;

namespace Broker.Actors.Coordination;

/// <summary>The names that Kafka keeps for its own state. Who makes such a topic does not matter: the name alone makes it the broker's own.</summary>
internal static class InternalTopics
{
    private const string TransactionState = "__transaction_state";
    private const string ShareGroupState = "__share_group_state";
    private const string ClusterMetadata = "__cluster_metadata";

    /// <summary>Whether clients may read but not write a topic of this name.</summary>
    public static bool Contains(string name) => name is GroupDirectory.OffsetsTopic or TransactionState or ShareGroupState;

    /// <summary>Why a topic of this name cannot be made; null when it can.</summary>
    public static string? Problem(string name) => name switch
    {
        TransactionState => $"'{name}' is kept for transactions, which this broker does not serve yet",
        ShareGroupState => $"'{name}' is kept for share groups, which this broker does not serve yet",
        ClusterMetadata => $"'{name}' is kept for a cluster's metadata, and nobody makes it as a topic",
        _ => null,
    };
}
