using System.Net;

namespace Broker.Chaos.Networks;

/// <summary>What the nodes of a cluster, its clients and its store reach each other by.</summary>
internal interface IClusterNetwork : IAsyncDisposable
{
    /// <summary>Null: links can be cut. Else why not.</summary>
    string? WhyNoCuts { get; }

    /// <summary>Where the store is to listen.</summary>
    IPAddress Store { get; }

    /// <summary>Where a node is to listen; nodes count from 1.</summary>
    IPAddress AddressOf(int node);

    /// <summary>What stands before a command, so that it runs where that node is.</summary>
    IReadOnlyList<string> Enter(int node);

    /// <summary>Nothing that one node sends reaches the other any more; nobody is told. The other way stays open.</summary>
    Task CutAsync(int from, int to);

    /// <summary>Nothing that the node sends reaches clients any more.</summary>
    Task CutFromClientsAsync(int node);

    /// <summary>All links of that node are whole again, in both directions.</summary>
    Task HealAsync(int node);
}
