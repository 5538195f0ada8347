using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Broker.Wire;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;

namespace Broker.TestSupport.Clients;

/// <summary>
/// One connection to a broker that sends exactly the requests it is told to: any number may be on their
/// way, and the answers are received in the order of the requests. It never retries and never reconnects: a broken
/// connection is an <see cref="IOException"/> or a <see cref="SocketException"/>, and stays broken. One caller at a time.
/// </summary>
public sealed class RawConnection : IAsyncDisposable
{
    private const string ClientId = "raw";

    /// <summary>More than any answer to a test: a length beyond it is not one.</summary>
    private const int MaxResponseBytes = 64 * 1024 * 1024;

    private readonly TcpClient _client;
    private readonly Queue<(int CorrelationId, ApiKey ApiKey, short Version)> _unanswered = new();
    private int _nextCorrelationId;

    private RawConnection(TcpClient client) => _client = client;

    /// <summary>Requests that were sent and whose answers were not received yet.</summary>
    public int Unanswered => _unanswered.Count;

    /// <exception cref="SocketException">Nothing listens on that port of loopback.</exception>
    public static Task<RawConnection> ConnectAsync(int port, CancellationToken cancellation) => ConnectAsync(IPAddress.Loopback, port, cancellation);

    /// <exception cref="SocketException">Nothing listens there, or nothing leads there.</exception>
    public static async Task<RawConnection> ConnectAsync(IPAddress address, int port, CancellationToken cancellation)
    {
        TcpClient client = new() { NoDelay = true };
        try
        {
            await client.ConnectAsync(address, port, cancellation);
            return new RawConnection(client);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Sends one request and does not wait for its answer. Not for produce requests with acks 0, which have none.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public async Task SendAsync(IKafkaRequest request, short version, CancellationToken cancellation)
    {
        int correlationId = _nextCorrelationId++;
        ArrayBufferWriter<byte> frame = new();
        RequestFrame.Write(frame, correlationId, ClientId, request, version);
        _unanswered.Enqueue((correlationId, request.ApiKey, version));
        await _client.GetStream().WriteAsync(frame.WrittenMemory, cancellation);
    }

    /// <summary>Receives the answer to the oldest request that has none yet.</summary>
    /// <exception cref="IOException">The connection is broken, or ended before the answer.</exception>
    /// <exception cref="InvalidOperationException">No request is unanswered.</exception>
    /// <exception cref="ProtocolException">The bytes are not the answer to that request.</exception>
    public async Task<IKafkaResponse> ReceiveAsync(CancellationToken cancellation)
    {
        (int correlationId, ApiKey apiKey, short version) = _unanswered.Peek();
        byte[] size = new byte[FrameReader.SizeBytes];
        await _client.GetStream().ReadExactlyAsync(size, cancellation);
        int bodyBytes = BinaryPrimitives.ReadInt32BigEndian(size);
        if (bodyBytes is < sizeof(int) or > MaxResponseBytes)
        {
            throw new MalformedMessageException($"an answer of {bodyBytes} bytes");
        }

        byte[] body = new byte[bodyBytes];
        await _client.GetStream().ReadExactlyAsync(body, cancellation);
        _unanswered.Dequeue();
        return Decode(body, correlationId, apiKey, version);
    }

    /// <summary>Sends one request when none is unanswered, and receives its answer.</summary>
    /// <exception cref="InvalidOperationException">Other requests are unanswered, or the answer is of another type.</exception>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    public async Task<T> CallAsync<T>(IKafkaRequest request, short version, CancellationToken cancellation)
        where T : class, IKafkaResponse
    {
        if (_unanswered.Count > 0)
        {
            throw new InvalidOperationException($"{_unanswered.Count} requests are unanswered");
        }

        await SendAsync(request, version, cancellation);
        return await ReceiveAsync(cancellation) as T
            ?? throw new InvalidOperationException($"{request.ApiKey} is not answered by {typeof(T).Name}");
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IKafkaResponse Decode(byte[] body, int correlationId, ApiKey apiKey, short version)
    {
        WireReader reader = new(body);
        ResponseHeader header = ResponseHeader.Read(ref reader, ApiCatalog.ResponseHeaderVersion(apiKey, version));
        if (header.CorrelationId != correlationId)
        {
            throw new MalformedMessageException($"answer {header.CorrelationId} came where {correlationId} is next");
        }

        IKafkaResponse response = ResponseDecoder.Decode(apiKey, version, ref reader);
        return reader.Remaining == 0
            ? response
            : throw new MalformedMessageException($"{reader.Remaining} bytes follow the answer to {apiKey} v{version}");
    }
}
