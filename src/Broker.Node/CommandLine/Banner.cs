using System.Net;
using Broker.Actors.Configuration;

namespace Broker.Node.CommandLine;

/// <summary>What a started broker prints: where it listens, where its data lies, and something to try.</summary>
internal static class Banner
{
    /// <param name="management">Where the node can be asked for metrics; null: nowhere.</param>
    public static string Text(BrokerOptions options, IPEndPoint? management)
    {
        Listener client = options.AdvertisedListeners[0];
        string address = $"{client.Host}:{client.Port}";
        return $"""

            Broker {VersionText.Current} · node {options.NodeId} · ready
              listens on   {string.Join(", ", options.Listeners)}
              advertises   {string.Join(", ", options.AdvertisedListeners)}
              objects      {options.ObjectStore.Description}
              WAL          {(options.Storage.WalKind == WalKind.Bucket ? "in the object store" : options.Storage.WalFolder)}
              management   {(management is null ? "off" : $"http://{management}/metrics")}
              try it       echo hello | kcat -b {address} -t greetings -P && kcat -b {address} -t greetings -C -e

            """;
    }
}
