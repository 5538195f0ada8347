using System.Buffers;

namespace Broker.ObjectStore;

/// <summary>
/// A flat map from keys to immutable bodies, with S3's semantics: strongly consistent (what a PUT or DELETE that returned did is
/// seen by every later GET, HEAD and LIST of anyone), each PUT all or nothing, conditional PUTs atomic among all clients.
/// Implementations are safe for concurrent use. Bodies belong to the caller again when the call returns; returned memory
/// belongs to the caller.
/// <para>Errors are <see cref="StorageException"/>s. A PUT that throws one was not and will not be applied; when that is not
/// certain the PUT returns <see cref="PutOutcome.Unknown"/>. A cancelled PUT (<see cref="OperationCanceledException"/>) is as good as
/// unknown.</para>
/// </summary>
public interface IObjectStore
{
    /// <summary>Creates or replaces an object, if the condition holds.</summary>
    /// <exception cref="StorageException">Unavailable, Invalid: certainly not applied.</exception>
    ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct);

    /// <summary>The bytes of an object, or a range of them: all from one version of it. For small reads: see <see cref="ReadAsync"/>.</summary>
    /// <exception cref="StorageException">NotFound; Invalid: the range begins beyond the end; Unavailable; Corrupt.</exception>
    ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct);

    /// <summary>
    /// As <see cref="GetAsync"/>, into the caller's memory: fills <paramref name="destinations"/> one behind the other (as preadv does) and returns how many
    /// bytes that were, fewer than they hold when the range is cut at the object's end. For large reads: nothing is allocated for the bytes. When the
    /// call has ended, however it did, nobody writes to the memory any more; after a failure or cancellation its contents are arbitrary.
    /// </summary>
    /// <exception cref="StorageException">As of <see cref="GetAsync"/>; and Invalid: the range's bytes do not fit into the destinations.</exception>
    ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct);

    /// <summary>What is known of an object, or null when there is none.</summary>
    ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct);

    /// <summary>
    /// The objects whose keys begin with <paramref name="prefix"/> ("" = all) and come after <paramref name="startAfter"/>, in the
    /// order of the keys' UTF-8 bytes. Objects created or deleted during the listing may or may not be listed.
    /// </summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct);

    /// <summary>Deletes an object. That it does not exist is no error.</summary>
    ValueTask DeleteAsync(ObjectKey key, CancellationToken ct);

    /// <summary>
    /// Deletes objects as <see cref="DeleteAsync"/> does, in few requests where the store has such. In no order; after an error any of them may be left, and all of them
    /// are to be deleted again.
    /// </summary>
    ValueTask DeleteManyAsync(IReadOnlyList<ObjectKey> keys, CancellationToken ct) => SingleDeletes.RunAsync(this, keys, ct);

    /// <summary>
    /// Begins to write a large object in parts; nothing is visible until it is completed. The object will have <paramref name="writeId"/>
    /// (<see cref="Guid.Empty"/> = one of the store's choice, or none): S3 takes metadata at the start only.
    /// </summary>
    ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct);

    /// <summary>
    /// Aborts unfinished uploads in parts, of whichever process, of the keys that begin with <paramref name="prefix"/> and are <paramref name="abandoned"/>; returns
    /// how many. Their parts take space that no listing shows. One whose writer lives can no longer be completed. Which uploads a store whose opening
    /// removes what dead processes left half-written aborts of those is its own matter.
    /// </summary>
    ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct);
}
