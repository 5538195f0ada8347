using Broker.TestSupport.S3;

namespace Broker.Chaos.Stores;

/// <summary>The bucket that the nodes of a cluster share.</summary>
internal interface IChaosStore : IAsyncDisposable
{
    /// <summary>Null: it can fail. Else why not.</summary>
    string? WhyNoFaults { get; }

    /// <summary>The settings by which that node finds it.</summary>
    IReadOnlyList<string> SettingsOf(int node);

    /// <summary>What stands between that node and the store; it is the node's alone.</summary>
    FaultProxy ProxyOf(int node);
}
