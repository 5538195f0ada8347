using Broker.Actors.Configuration;

namespace Broker.Node.CommandLine;

/// <summary>What a started broker prints: where it listens, where its data lies, and something to try.</summary>
internal static class Banner
{
    public static string Text(BrokerOptions options)
    {
        Listener client = options.AdvertisedListeners[0];
        string address = $"{client.Host}:{client.Port}";
        return $"""

            Broker {VersionText.Current} · node {options.NodeId} · ready
              listens on   {string.Join(", ", options.Listeners)}
              advertises   {string.Join(", ", options.AdvertisedListeners)}
              objects      {options.ObjectStore.Description}
              WAL          {(options.Storage.WalKind == WalKind.Bucket ? "in the object store" : options.Storage.WalFolder)}
              try it       echo hello | kcat -b {address} -t greetings -P && kcat -b {address} -t greetings -C -e

            """;
    }
}
