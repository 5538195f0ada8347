namespace Broker.Actors.Security;

/// <summary>What a client may do to a resource, as the bits that answers carry when they are asked for them (KIP-430): 1 shifted by the operation's code.</summary>
internal static class AuthorizedOperations
{
    /// <summary>Nobody asked.</summary>
    public const int NotAsked = int.MinValue;

    // The operations that mean something for a resource; Kafka's lists.
    private static readonly AclOperation[] OfTopic =
    [
        AclOperation.Read, AclOperation.Write, AclOperation.Create, AclOperation.Delete, AclOperation.Alter, AclOperation.Describe,
        AclOperation.DescribeConfigs, AclOperation.AlterConfigs,
    ];

    private static readonly AclOperation[] OfGroup =
        [AclOperation.Read, AclOperation.Delete, AclOperation.Describe, AclOperation.DescribeConfigs, AclOperation.AlterConfigs];

    private static readonly AclOperation[] OfCluster =
    [
        AclOperation.Create, AclOperation.Alter, AclOperation.Describe, AclOperation.ClusterAction,
        AclOperation.DescribeConfigs, AclOperation.AlterConfigs, AclOperation.IdempotentWrite,
    ];

    public static int Topic(IAuthorizer authorizer, ClientIdentity client, string name) => Bits(authorizer, client, AclResource.Topic, name, OfTopic);

    public static int Group(IAuthorizer authorizer, ClientIdentity client, string name) => Bits(authorizer, client, AclResource.Group, name, OfGroup);

    public static int Cluster(IAuthorizer authorizer, ClientIdentity client) => Bits(authorizer, client, AclResource.Cluster, IAuthorizer.ClusterName, OfCluster);

    private static int Bits(IAuthorizer authorizer, ClientIdentity client, AclResource resource, string name, AclOperation[] operations) =>
        operations.Where(operation => authorizer.Allows(client, operation, resource, name)).Aggregate(0, (bits, operation) => bits | (1 << (int)operation));
}
