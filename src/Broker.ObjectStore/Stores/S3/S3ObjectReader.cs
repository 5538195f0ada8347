using Amazon.S3.Model;

namespace Broker.ObjectStore.S3;

/// <summary>
/// Reads objects straight into the memory they are meant for. Reads of the response are awaited also when they are cancelled, so nothing writes to
/// the memory after a call has ended.
/// </summary>
internal sealed class S3ObjectReader(S3Sender sender, S3Requests requests)
{
    internal async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
    {
        byte[] bytes = [];
        await ReadAsync(
            key,
            range,
            Array.MaxLength,
            length => [bytes = GC.AllocateUninitializedArray<byte>(length)],
            ct).ConfigureAwait(false);
        return bytes;
    }

    internal ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        => ReadAsync(key, range, destinations.Sum(piece => (long)piece.Length), length => ScatteredBytes.Cut(destinations, length), ct);

    private async ValueTask<int> ReadAsync(
        ObjectKey key, ByteRange range, long roomBytes, Func<int, IReadOnlyList<Memory<byte>>> destinationsOf, CancellationToken ct)
    {
        string what = $"read {range} of '{key}'";
        GetObjectRequest request = requests.Get(key, range);
        using S3Deadline deadline = sender.FirstByteDeadline(ct);
        S3Answer<GetObjectResponse> answer = await sender.SendAsync(StoreOperation.Get, what, (client, token) => client.GetObjectAsync(request, token), deadline).ConfigureAwait(false);
        if (answer.Failure is { Kind: S3FailureKind.OutOfRange } && range.IsAll)
        {
            return 0;
        }

        using GetObjectResponse response = answer.OrThrow();
        long length = LengthOf(response, what);
        if (length > roomBytes)
        {
            throw new StorageException(
                StorageErrorKind.Invalid, $"the {length} bytes that {range} names of '{key}' do not fit into {roomBytes}; ask for a smaller range");
        }

        deadline.Restart(sender.TimeoutOf(length));
        await FillAsync(response.ResponseStream, destinationsOf((int)length), what, deadline).ConfigureAwait(false);
        sender.Moved(StoreOperation.Get, length);
        return (int)length;
    }

    /// <summary>How many bytes the response's head promises.</summary>
    private long LengthOf(GetObjectResponse response, string what)
    {
        // A cache or proxy that ignores ranges would answer with other bytes than were asked for.
        bool isRange = response.HttpStatusCode == System.Net.HttpStatusCode.PartialContent;
        return isRange && response.Headers.ContentLength >= 0
            ? response.Headers.ContentLength
            : throw sender.Errors.Damaged(what, $"the answer {(int)response.HttpStatusCode} is not the range that was asked for, with its length");
    }

    private async ValueTask FillAsync(Stream body, IReadOnlyList<Memory<byte>> destinations, string what, S3Deadline deadline)
    {
        try
        {
            foreach (Memory<byte> destination in destinations)
            {
                int read = await body.ReadAtLeastAsync(destination, destination.Length, throwOnEndOfStream: false, deadline.Token).ConfigureAwait(false);
                if (read < destination.Length)
                {
                    throw sender.Errors.Damaged(what, "the body ended before its promised length");
                }
            }
        }
        catch (Exception error) when (error is not StorageException)
        {
            throw sender.Errors.Classify(error, what, deadline).Error;
        }
    }
}
