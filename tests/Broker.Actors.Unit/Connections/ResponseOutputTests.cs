using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Broker.Actors.Connections;

namespace Broker.Actors.Unit.Connections;

/// <summary>Whatever the sizes of the pieces, the other side gets all bytes in their order.</summary>
public sealed class ResponseOutputTests
{
    private static readonly int[] Sizes = [1, 100, 0, 16_383, 16_384, 16_385, 3, 1_000_000, 5, 40_000, 16_384, 16_384, 7];

    [Fact]
    public async Task Socket_gets_pieces_of_any_size_whole_and_in_order()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient client = new();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using Socket broker = await listener.AcceptSocketAsync();

        byte[] sent = await WriteAllAsync(ResponseOutput.Of(broker, null!));
        broker.Shutdown(SocketShutdown.Send);

        Assert.Equal(sent, await ReadToEndAsync(client.GetStream()));
    }

    [Fact]
    public async Task Pipe_gets_pieces_of_any_size_whole_and_in_order()
    {
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));

        byte[] sent = await WriteAllAsync(ResponseOutput.Of(null, pipe.Writer));
        await pipe.Writer.CompleteAsync();

        Assert.Equal(sent, await ReadToEndAsync(pipe.Reader.AsStream()));
    }

    [Fact]
    public async Task Client_that_does_not_read_holds_a_write_until_it_is_stopped()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient client = new();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using Socket broker = await listener.AcceptSocketAsync();
        using CancellationTokenSource stop = new();

        Task writing = ResponseOutput.Of(broker, null!).WriteAsync(new byte[64 << 20], stop.Token).AsTask();
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    private static async Task<byte[]> WriteAllAsync(ResponseOutput output)
    {
        List<byte> all = [];
        Random random = new(5);
        foreach (int size in Sizes)
        {
            byte[] piece = new byte[size];
            random.NextBytes(piece);
            await output.WriteAsync(piece, CancellationToken.None);
            all.AddRange(piece);

            // The piece is the writer's again: what is gathered must be a copy.
            Array.Clear(piece);
        }

        await output.FlushAsync(CancellationToken.None);
        return [.. all];
    }

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        using MemoryStream all = new();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }
}
