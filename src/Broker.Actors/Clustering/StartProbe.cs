using System.Globalization;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Clustering;

/// <summary>Asks at addresses which starts of nodes are there. No state.</summary>
/// <param name="cluster">This node's.</param>
internal sealed class StartProbe(Cluster cluster)
{
    // On a network of a cluster; beyond, nothing is heard of it.
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    /// <summary>Who pauses for longer is taken out of the cluster, so that nobody waits for it longer here.</summary>
    internal static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(3);

    /// <summary>Which start is at an address; null: none that answers, whatever else listens there.</summary>
    /// <param name="address"><c>HOST:PORT</c>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<StartIsHere?> AskAsync(string address, CancellationToken cancellation)
    {
        // A port that nobody has is known at once; an actor system that nobody has is not.
        if (!await ListensAsync(address, cancellation))
        {
            return null;
        }

        try
        {
            return await cluster.System.ActorSelection($"{AddressOf(address)}/user/{StartActor.Name}").Ask<StartIsHere>(WhoIsThere.Instance, AnswerPatience, cancellation);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    /// <summary>Whether the start at an address finds another one in its bucket; null: it does not say.</summary>
    /// <param name="address">Of a start that has answered.</param>
    /// <param name="entry">Whom it is to find.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<bool?> FindsAsync(Address address, NodeEntry entry, CancellationToken cancellation)
    {
        try
        {
            LookForStart question = new(entry.Node, entry.Incarnation);
            return (await cluster.System.ActorSelection($"{address}/user/{StartActor.Name}").Ask<StartIsSought>(question, AnswerPatience, cancellation)).IsFound;
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    /// <summary>An address of the registry, as the actor system writes it.</summary>
    public Address AddressOf(string address)
    {
        (string host, int port) = Split(address);
        return new Address(cluster.SelfAddress.Protocol, cluster.SelfAddress.System, host, port);
    }

    private static async Task<bool> ListensAsync(string address, CancellationToken cancellation)
    {
        (string host, int port) = Split(address);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(ConnectPatience);
        try
        {
            await socket.ConnectAsync(host, port, patience.Token);
            return true;
        }
        catch (Exception dead) when (dead is SocketException || (dead is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private static (string Host, int Port) Split(string address)
    {
        int colon = address.LastIndexOf(':');
        return (address[..colon], int.Parse(address.AsSpan(colon + 1), CultureInfo.InvariantCulture));
    }
}
