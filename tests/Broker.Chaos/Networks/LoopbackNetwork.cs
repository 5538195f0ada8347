using System.Net;

namespace Broker.Chaos.Networks;

/// <summary>All on loopback, where nothing can be cut: for machines that permit no network namespaces.</summary>
internal sealed class LoopbackNetwork(string whyNoCuts) : IClusterNetwork
{
    /// <summary>Two runs at one time share the machine's loopback, and each node wants the same port of an address.</summary>
    private readonly byte _run = (byte)Random.Shared.Next(1, 255);

    public string? WhyNoCuts => whyNoCuts;

    public IPAddress Store => IPAddress.Loopback;

    public IPAddress AddressOf(int node) => new([127, 79, _run, (byte)node]);

    public IReadOnlyList<string> Enter(int node) => [];

    public Task CutAsync(int from, int to) => throw new InvalidOperationException(whyNoCuts);

    public Task CutFromClientsAsync(int node) => throw new InvalidOperationException(whyNoCuts);

    public Task HealAsync(int node) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
