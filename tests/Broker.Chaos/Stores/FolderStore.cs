using Broker.TestSupport.S3;

namespace Broker.Chaos.Stores;

/// <summary>A folder as the bucket: it cannot fail, nor be cut off.</summary>
internal sealed class FolderStore(string folder, string whyNoFaults) : IChaosStore
{
    public string? WhyNoFaults => whyNoFaults;

    public IReadOnlyList<string> SettingsOf(int node) => [$"object.store=file:{folder}"];

    public FaultProxy ProxyOf(int node) => throw new InvalidOperationException(whyNoFaults);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
