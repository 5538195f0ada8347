using Akka.Actor;
using Akka.Event;
using Akka.Serialization;

namespace Akka.Remote.Transport;

/// <summary>A message on its way to another system.</summary>
internal readonly record struct Outgoing(object Message, IActorRef? Sender, RemoteActorRef? Recipient)
{
    /// <summary>No message, but a <see cref="FrameKind.Ping"/>.</summary>
    public static readonly Outgoing Ping = new("ping", null, null);

    public bool IsPing => Recipient is null;
}

/// <summary>Writes messages as frames. One writer per connection: it keeps the last sender's name.</summary>
internal sealed class EnvelopeWriter(RemoteActorRefProvider provider, TcpSettings settings, TroubleLog troubles)
{
    private readonly Information _transport = new(provider.DefaultAddress, provider.System);
    private readonly ByteWriter _writer = new();
    private IActorRef? _lastSender;
    private string _lastSenderPath = "";

    public int Length => _writer.Length;

    public ReadOnlyMemory<byte> Written => _writer.Written;

    public void Clear() => _writer.Clear();

    /// <summary>Appends a frame; or logs why the message can't be sent, and appends nothing.</summary>
    public void Write(Outgoing outgoing)
    {
        int start = _writer.Length;
        int length = _writer.ReserveLength();
        if (outgoing.IsPing)
        {
            _writer.WriteByte((byte)FrameKind.Ping);
            _writer.FillLength(length);
            return;
        }

        try
        {
            WriteMessage(outgoing);
        }
        catch (Exception failure)
        {
            _writer.TruncateTo(start);
            troubles.Tell(
                LogLevel.ErrorLevel, "unwritable", outgoing.Message.GetType().ToString(), failure,
                "Dropping message [{0}] for [{1}], as it can't be serialized: {2}", outgoing.Message.GetType(), outgoing.Recipient, failure.Message);
            return;
        }

        int bytes = _writer.Length - start - sizeof(int);
        if (bytes > settings.MaxFrameBytes)
        {
            _writer.TruncateTo(start);
            troubles.Tell(
                LogLevel.ErrorLevel, "oversize", outgoing.Message.GetType().ToString(), null,
                "Dropping message [{0}] for [{1}]: {2} bytes are more than maximum-frame-size ({3})",
                outgoing.Message.GetType(), outgoing.Recipient, bytes, settings.MaxFrameBytes);
            return;
        }

        _writer.FillLength(length);
    }

    private void WriteMessage(Outgoing outgoing)
    {
        Information? outer = Akka.Serialization.Serialization.SetCurrentTransport(_transport);
        try
        {
            Serializer serializer = provider.System.Serialization.FindSerializerFor(outgoing.Message);
            byte[] payload = serializer.ToBinary(outgoing.Message);
            _writer.WriteByte((byte)FrameKind.Message);
            _writer.WriteString(outgoing.Recipient!.SerializedPath);
            _writer.WriteString(PathOf(outgoing.Sender));
            _writer.WriteInt32(serializer.Identifier);
            _writer.WriteString(Akka.Serialization.Serialization.ManifestFor(serializer, outgoing.Message));
            _writer.WriteRaw(payload);
        }
        finally
        {
            Akka.Serialization.Serialization.SetCurrentTransport(outer);
        }
    }

    private string PathOf(IActorRef? sender)
    {
        if (!ReferenceEquals(sender, _lastSender))
        {
            _lastSender = sender;
            _lastSenderPath = Akka.Serialization.Serialization.SerializedActorPath(sender!);
        }

        return _lastSenderPath;
    }
}
