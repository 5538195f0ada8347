using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Broker.Wire;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>A raw client: frames out, frames in.</summary>
/// <param name="served">Ends when the broker is done with the connection.</param>
/// <param name="closed">Cancelled as Kestrel does it: at the end of what the client sends, whether that was read or not.</param>
internal sealed class TestClient(PipeWriter output, PipeReader input, Task served, CancellationTokenSource closed) : IAsyncDisposable
{
    // Far beyond what any answer takes; a test that hangs says so.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private int _correlationId;

    /// <summary>Ends when the broker has let go of the connection.</summary>
    public Task Served => served;

    /// <summary>Sends a request and reads its answer.</summary>
    public async Task<T> CallAsync<T>(IKafkaRequest request, short version)
        where T : class, IKafkaResponse
    {
        int id = await SendAsync(request, version);
        (int answered, byte[] frame) = await ReceiveAsync() ?? throw new EndOfStreamException($"the broker closed the connection on {request.ApiKey} version {version}");
        Assert.Equal(id, answered);
        return (T)Decode(request.ApiKey, version, frame);
    }

    /// <summary>Sends a request without waiting.</summary>
    public async Task<int> SendAsync(IKafkaRequest request, short version)
    {
        ArrayBufferWriter<byte> frame = new();
        RequestFrame.Write(frame, ++_correlationId, "test-client", request, version);
        await SendBytesAsync(frame.WrittenMemory);
        return _correlationId;
    }

    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes) => await output.WriteAsync(bytes);

    /// <summary>The next answer's correlation id and its bytes behind the size; null when the broker closed.</summary>
    public async Task<(int CorrelationId, byte[] Frame)?> ReceiveAsync()
    {
        using CancellationTokenSource deadline = new(Patience);
        ReadResult head = await input.ReadAtLeastAsync(sizeof(int), deadline.Token);
        if (head.Buffer.Length < sizeof(int))
        {
            return null;
        }

        int size = BinaryPrimitives.ReadInt32BigEndian(head.Buffer.Slice(0, sizeof(int)).ToArray());
        input.AdvanceTo(head.Buffer.GetPosition(sizeof(int)));
        ReadResult body = await input.ReadAtLeastAsync(size, deadline.Token);
        byte[] frame = body.Buffer.Slice(0, size).ToArray();
        input.AdvanceTo(body.Buffer.GetPosition(size));
        return (BinaryPrimitives.ReadInt32BigEndian(frame), frame);
    }

    /// <summary>Reads an answer, all of it.</summary>
    public static IKafkaResponse Decode(ApiKey apiKey, short version, byte[] frame)
    {
        WireReader reader = new(new ReadOnlySequence<byte>(frame));
        ResponseHeader.Read(ref reader, ApiCatalog.ResponseHeaderVersion(apiKey, version));
        IKafkaResponse response = ResponseDecoder.Decode(apiKey, version, ref reader);
        Assert.Equal(0, reader.Remaining);
        return response;
    }

    /// <summary>Ends the connection as a client that goes away does.</summary>
    public async ValueTask DisposeAsync()
    {
        await output.CompleteAsync();
        await closed.CancelAsync();
        await input.CompleteAsync();
        await served.WaitAsync(Patience);
    }
}
