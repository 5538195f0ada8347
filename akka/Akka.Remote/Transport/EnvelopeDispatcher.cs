using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Event;
using Akka.Serialization;

namespace Akka.Remote.Transport;

/// <summary>Reads messages from frames and tells them to their receivers. One per connection: it keeps who was found.</summary>
/// <param name="peer">Who sends them.</param>
/// <param name="provider">Finds actors.</param>
/// <param name="settings">Whether messages are logged.</param>
/// <param name="deadLetters">How many messages that nobody gets may become dead letters.</param>
/// <param name="troubles">Told what the peer does wrong.</param>
/// <param name="log">For received messages.</param>
internal sealed class EnvelopeDispatcher(
    string peer, RemoteActorRefProvider provider, TcpSettings settings, SpanBudget deadLetters, TroubleLog troubles, ILoggingAdapter log)
{
    /// <summary>Paths seen lately; all are forgotten when there are more.</summary>
    private const int MaxPaths = 1024;

    /// <summary>A longer path is looked up each time. More than any path of ours has.</summary>
    private const int MaxPathChars = 1024;

    private readonly Dictionary<string, IActorRef> _found = [];

    /// <summary>A message that can't be read is dropped and told of; the next one may be well.</summary>
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
            TellUnreadable(failure, recipientPath, serializer, manifest, payload.Length);
            return;
        }

        IActorRef recipient = Find(recipientPath);
        if (recipient is not IInternalActorRef { IsLocal: true })
        {
            troubles.Tell(
                LogLevel.WarningLevel, "misdirected", peer, null,
                "Dropping a message [{0}] from [{1}] for [{2}], which is not an actor of [{3}]. Are the nodes' addresses mixed up?",
                message.GetType(), peer, recipientPath, provider.DefaultAddress);
            return;
        }

        IActorRef sender = senderPath.Length == 0 ? ActorRefs.NoSender : Find(senderPath);
        if (recipient is IInternalActorRef { IsTerminated: true } && !(message is Identify && sender is RemoteActorRef) && !deadLetters.TryTake())
        {
            troubles.Tell(
                LogLevel.WarningLevel, "unreceived", peer, null,
                "Dropping a message [{0}] from [{1}] for [{2}], which is not there: more than {3} such messages in 10 s, which are not even dead letters. Is another version there?",
                message.GetType(), peer, recipientPath, deadLetters.Most);
            return;
        }

        if (settings.LogReceived)
        {
            log.Debug("Received message [{0}] for [{1}] from [{2}]", message, recipientPath, senderPath);
        }

        recipient.Tell(message, sender);
    }

    /// <summary>Whatever a serializer throws, it is for bytes of another's.</summary>
    private void TellUnreadable(Exception failure, string recipientPath, int serializer, string manifest, int bytes)
    {
        bool isUnknown = failure is UnknownFormatException;
        troubles.Tell(
            LogLevel.WarningLevel, isUnknown ? "unknown" : "unreadable", peer, null,
            isUnknown
                ? "Dropping a message from [{0}] for [{1}] that is not known here (serializer {2}, manifest '{3}', {4} bytes): {5} Another version runs there: bring all nodes to the same one"
                : "Dropping a message from [{0}] for [{1}] that can't be read (serializer {2}, manifest '{3}', {4} bytes): {5} It is damaged, or another version runs there: see that only nodes of this version use this port",
            peer, recipientPath, serializer, manifest, bytes, failure is SerializationException ? failure.Message : $"{failure.GetType().Name}: {failure.Message}.");
        if (log.IsDebugEnabled)
        {
            log.Debug(failure, "The message from [{0}] that can't be read", TroubleLog.Shown(peer));
        }
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
        if (found is IInternalActorRef { IsTerminated: false } && (found.Path.Uid != 0 || found is RemoteActorRef) && path.Length <= MaxPathChars)
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
