using System.Net.Sockets;
using Akka.Actor;
using Akka.Remote.Transport;
using Akka.Serialization;

namespace Akka.Cluster.Unit;

/// <summary>The other side of a node's port, byte by byte.</summary>
internal static class RawPeer
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    /// <summary>Connects and sends the first bytes, whatever they are.</summary>
    public static async Task<TcpClient> ConnectAsync(Address to, byte[] first)
    {
        TcpClient client = new() { NoDelay = true };
        await client.ConnectAsync(to.Host!, to.Port!.Value);
        await client.GetStream().WriteAsync(first);
        return client;
    }

    /// <summary>A connection that the node has accepted.</summary>
    public static async Task<TcpClient> ShakeHandsAsync(Address from, Address to, int uid = 17)
    {
        TcpClient client = await ConnectAsync(to, Hello(from, uid, to));
        Assert.Equal(HandshakeResult.Accepted, (await ReadReplyAsync(client)).Result);
        return client;
    }

    public static byte[] Hello(Address from, int uid, Address to)
    {
        ByteWriter writer = new();
        Handshake.Write(writer, new Hello(from, uid, to));
        return writer.ToArray();
    }

    public static byte[] MessageFrame(string recipient, int serializer, string manifest, byte[] payload, string sender = "")
    {
        ByteWriter writer = new();
        int length = writer.ReserveLength();
        writer.WriteByte((byte)FrameKind.Message);
        writer.WriteString(recipient);
        writer.WriteString(sender);
        writer.WriteInt32(serializer);
        writer.WriteString(manifest);
        writer.WriteRaw(payload);
        writer.FillLength(length);
        return writer.ToArray();
    }

    public static async Task<HelloReply> ReadReplyAsync(TcpClient client)
    {
        byte[] header = new byte[Handshake.HeaderBytes];
        await client.GetStream().ReadExactlyAsync(header).AsTask().WaitAsync(Within);
        (ushort version, int bodyBytes) = Handshake.ReadHeader(header);
        byte[] body = new byte[bodyBytes];
        await client.GetStream().ReadExactlyAsync(body).AsTask().WaitAsync(Within);
        return Handshake.ReadReply(version, body);
    }

    /// <summary>The end, in good order or not, and no byte before it.</summary>
    public static async Task AssertClosedAsync(TcpClient client)
    {
        try
        {
            Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(Within));
        }
        catch (IOException)
        {
            // A reset: there was more to read for the node.
        }
    }
}
