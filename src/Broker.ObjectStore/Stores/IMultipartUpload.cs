using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// One large object written in parts. Parts may be uploaded concurrently and in any order; a part uploaded again replaces the
/// earlier one. Disposing an upload that was neither completed nor aborted aborts it as far as the store can be reached.
/// </summary>
public interface IMultipartUpload : IAsyncDisposable
{
    /// <summary>S3's highest part number.</summary>
    const int MaxPartNumber = 10_000;

    /// <summary>S3's least size of every part but the last, in bytes.</summary>
    const int MinPartBytes = 5 * 1024 * 1024;

    /// <summary>Stores part <paramref name="number"/> (1 to 10,000).</summary>
    /// <exception cref="StorageException">Invalid: the number; Unavailable.</exception>
    ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct);

    /// <summary>
    /// Makes the object of all parts in the order of their numbers, at once, if the condition holds. The write id is that of the upload's start;
    /// the condition's is not looked at.
    /// </summary>
    /// <exception cref="StorageException">
    /// Invalid: no part was uploaded, or a part that is not the last is below <see cref="MinPartBytes"/>; Unavailable.
    /// </exception>
    ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct);

    /// <summary>Drops the parts. Idempotent; without effect after completion.</summary>
    ValueTask AbortAsync(CancellationToken ct);
}
