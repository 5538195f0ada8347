namespace Broker.Actors.Security;

/// <summary>What a request wants to do; Kafka's ACL operations with their codes.</summary>
public enum AclOperation : sbyte
{
    Read = 3,
    Write = 4,
    Create = 5,
    Delete = 6,
    Alter = 7,
    Describe = 8,
    ClusterAction = 9,
    DescribeConfigs = 10,
    AlterConfigs = 11,
    IdempotentWrite = 12,
}

/// <summary>What a request wants to do it to; Kafka's ACL resource types with their codes.</summary>
public enum AclResource : sbyte
{
    Topic = 2,
    Group = 3,
    Cluster = 4,
}

/// <summary>Decides whether a client may do something. Every handler asks it before it acts or tells.</summary>
public interface IAuthorizer
{
    /// <summary>The name that stands for the cluster itself in <see cref="AclResource.Cluster"/> questions.</summary>
    const string ClusterName = "kafka-cluster";

    bool Allows(ClientIdentity client, AclOperation operation, AclResource resource, string name);
}

/// <summary>Allows everything: what a cluster without an authorizer does.</summary>
public sealed class AllowAllAuthorizer : IAuthorizer
{
    public bool Allows(ClientIdentity client, AclOperation operation, AclResource resource, string name) => true;
}
