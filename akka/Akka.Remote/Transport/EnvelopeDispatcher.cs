using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Event;
using Akka.Serialization;

namespace Akka.Remote.Transport;

/// <summary>Reads messages from frames and tells them to their receivers. One per connection: it keeps who was found.</summary>
internal sealed class EnvelopeDispatcher(RemoteActorRefProvider provider, TcpSettings settings, ILoggingAdapter log)
{
    /// <summary>Paths seen lately; all are forgotten when there are more.</summary>
    private const int MaxPaths = 1024;

    private readonly Dictionary<string, IActorRef> _found = [];

    /// <summary>A message that can't be read is logged and dropped; the next one may be well.</summary>
    /// <exception cref="SerializationException">The frame itself is broken, and so is the connection.</exception>
    public void Dispatch(ReadOnlySpan<byte> frame)
    {
        ByteReader reader = new(frame);
        string recipientPath = reader.ReadString();
        string senderPath = reader.ReadString();
        int serializer = reader.ReadInt32();
        string manifest = reader.ReadString();
        byte[] payload = reader.ReadRest().ToArray();

        object message;
        try
        {
            message = provider.System.Serialization.Deserialize(payload, serializer, manifest);
        }
        catch (Exception failure)
        {
            log.Error(
                failure, "Dropping a message for [{0}] from [{1}], as it can't be read: serializer {2}, manifest '{3}', {4} bytes: {5}",
                recipientPath, senderPath, serializer, manifest, payload.Length, failure.Message);
            return;
        }

        IActorRef recipient = Find(recipientPath);
        if (recipient is not IInternalActorRef { IsLocal: true })
        {
            log.Error("Dropping message [{0}] for [{1}], which is not an actor of [{2}]", message.GetType(), recipientPath, provider.DefaultAddress);
            return;
        }

        if (settings.LogReceived)
        {
            log.Debug("Received message [{0}] for [{1}] from [{2}]", message, recipientPath, senderPath);
        }

        recipient.Tell(message, senderPath.Length == 0 ? ActorRefs.NoSender : Find(senderPath));
    }

    private IActorRef Find(string path)
    {
        if (_found.TryGetValue(path, out IActorRef? known) && known is IInternalActorRef { IsTerminated: false })
        {
            return known;
        }

        IActorRef found = provider.ResolveActorRef(path);
        if (_found.Count >= MaxPaths)
        {
            _found.Clear();
        }

        // An actor that is not there may come; one without a unique id may be followed by another of its name.
        if (found is IInternalActorRef { IsTerminated: false } && (found.Path.Uid != 0 || found is RemoteActorRef))
        {
            _found[path] = found;
        }
        else
        {
            _found.Remove(path);
        }

        return found;
    }
}
