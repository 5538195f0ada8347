using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;

namespace Broker.Actors.Storage;

/// <summary>An object that is in the store and not yet in the metadata.</summary>
internal sealed record UploadedObject(SealedUpload Upload, ObjectCommitted? Commit);

/// <summary>
/// Turns sealed cache contents into an object, puts it into the store and makes it part of the metadata. Tries until it
/// succeeds: the records are safe in the write-ahead log meanwhile, and a full cache stops the intake.
/// </summary>
internal sealed class ObjectUploader(UploadServices services)
{
    private static readonly TimeSpan FirstRetryDelay = TimeSpan.FromMilliseconds(100);

    // A store that comes back is noticed within this; one that is away is asked no more often.
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(5);

    // A partition's actor answers from memory; one that is gone does not answer at all.
    private static readonly TimeSpan StatePatience = TimeSpan.FromSeconds(5);

    // It opens as soon as what is in the cache was put there.
    private static readonly TimeSpan OpeningPause = TimeSpan.FromMilliseconds(10);

    // A store's hiccup is waited out, as back-pressure. Beyond this, with the longest pause between two tries, those who wait for room
    // still hear of it within the 30 s that clients give a request.
    private static readonly TimeSpan StallPatience = TimeSpan.FromSeconds(10);

    // When the first try failed since the last upload; 0 = none has.
    private long _failingSince;

    private readonly StreamSetObjectWriter _writer = new(new StreamObjectWriterOptions());

    /// <summary>Builds and puts the object. Nothing is put when all its streams are gone.</summary>
    public async Task<UploadedObject> PutAsync(SealedUpload upload)
    {
        if (upload.Streams.Count == 0)
        {
            return new UploadedObject(upload, null);
        }

        Dictionary<StreamId, ReadOnlyMemory<byte>> states = await CaptureStatesAsync(upload);
        EncodedObject encoded = _writer.Write(upload, stream => states.TryGetValue(stream, out ReadOnlyMemory<byte> state) ? state : null);
        ObjectId id = default;
        ObjectKey key = default;
        await RetryAsync("putting an object", async () =>
        {
            (id, key) = await NewKeyAsync();
            PutResult result = await services.Store.PutAsync(key, encoded.Body, PutCondition.IfAbsent, CancellationToken.None);
            if (result.Outcome != PutOutcome.Written)
            {
                throw new StorageException(StorageErrorKind.Unavailable, $"the outcome of putting {key} was {result.Outcome}");
            }
        });
        return new UploadedObject(upload, Describe(id, key, encoded));
    }

    /// <summary>Makes the object part of the metadata.</summary>
    public async Task<SealedUpload> CommitAsync(UploadedObject uploaded)
    {
        if (uploaded.Commit is { } commit)
        {
            await RetryAsync("committing an object", async () =>
            {
                object answer = await AskToCommitAsync(commit);
                if (answer is UploadTooLate)
                {
                    // It waited so long that it may have been deleted. Another one does not wait before its first try: it would be late again.
                    await services.Store.DeleteAsync(commit.Key, CancellationToken.None);
                    commit = (await PutAsync(uploaded.Upload)).Commit!;
                    answer = await AskToCommitAsync(commit);
                }

                if (answer is CommandFailed or UploadTooLate)
                {
                    throw answer is CommandFailed failed
                        ? new StorageException(failed.KindAmongOthers, failed.Reason)
                        : new StorageException(StorageErrorKind.Unavailable, "the object waited too long for its commit");
                }

                IReadOnlyList<UploadRefusal> refused = ((UploadCommitted)answer).Refused;
                foreach (UploadRefusal refusal in refused)
                {
                    UploadLog.Refused(services.Log, refusal.Stream, refusal.Reason, refusal.Detail);
                }

                if (refused.FirstOrDefault(refusal => refusal.Reason != UploadRefusalReason.UnknownStream) is { } problem)
                {
                    commit = MetadataRules.WithoutRefused(commit, [.. refused.Where(refusal => IsLedElsewhere(refusal) || IsUploaded(commit, refusal))]);
                    throw new StorageException(StorageErrorKind.Unavailable, $"stream {problem.Stream} was refused: {problem.Detail}");
                }
            });
            services.Metrics.Uploaded(commit.SizeBytes);
        }

        Interlocked.Exchange(ref _failingSince, 0);
        services.Metrics.Succeeded();
        return uploaded.Upload;
    }

    private Task<object> AskToCommitAsync(ObjectCommitted commit) => services.Coordinator.Ask(new CommitUpload(UnderCurrentEpochs(commit)), CoordinatorTimeouts.Command);

    // The state may already hold what came after the upload's records: replaying these changes nothing then.
    private async Task<Dictionary<StreamId, ReadOnlyMemory<byte>>> CaptureStatesAsync(SealedUpload upload)
    {
        Dictionary<StreamId, ReadOnlyMemory<byte>> states = [];
        while (upload.Streams.Any(stream => IsBeingOpened(stream.Stream)))
        {
            await Task.Delay(OpeningPause, services.Clock);
        }

        await RetryAsync("asking partitions for their producers", async () =>
        {
            (StreamId Stream, Task<ProducerState> Answer)[] asked =
            [
                .. upload.Streams.Select(s => (s, Partition: services.Partitions.Find(s.Stream))).Where(one => one.Partition is not null).Select(one =>
                    (one.s.Stream, one.Partition!.Ask<ProducerState>(new CaptureProducerState(one.s.Batches[^1].LastOffset + 1), StatePatience))),
            ];
            foreach ((StreamId stream, Task<ProducerState> answer) in asked)
            {
                ReadOnlyMemory<byte> bytes = (await answer).Bytes;
                if (!bytes.IsEmpty)
                {
                    states[stream] = bytes;
                }
            }
        });
        return states;
    }

    // What was taken over from another log is in the cache before its partition is open: without its producers' state, which only the partition knows, they would be forgotten.
    private bool IsBeingOpened(StreamId stream) =>
        services.Partitions.Find(stream) is null && !services.Partitions.IsBroken(stream) && services.Metadata.Current.FindStream(stream)?.Leader == services.Node;

    // An id is given once, so a key is never written twice: what an earlier try may have left is garbage, not an object.
    private async Task<(ObjectId, ObjectKey)> NewKeyAsync()
    {
        object answer = await services.Coordinator.Ask(GiveObjectId.Instance, CoordinatorTimeouts.Command);
        if (answer is not ObjectIdGiven given)
        {
            throw new StorageException(StorageErrorKind.Unavailable, "the coordinator gave no object id");
        }

        return (given.ObjectId, DataKeys.For(given.ObjectId));
    }

    private ObjectCommitted Describe(ObjectId id, ObjectKey key, EncodedObject encoded)
    {
        return new ObjectCommitted(
            id,
            key,
            ObjectKind.StreamSet,
            encoded.SizeBytes,
            services.Clock.GetUtcNow().ToUnixTimeMilliseconds(),
            encoded.Sections);
    }

    // Whoever leads the stream now has taken over what this node's log held of it, before it was given the stream.
    private bool IsLedElsewhere(UploadRefusal refusal) =>
        refusal.Reason == UploadRefusalReason.StaleEpoch && services.Metadata.Current.FindStream(refusal.Stream)?.Leader != services.Node;

    // By a commit whose answer was lost, and whose object has been merged into another one and deleted since.
    private bool IsUploaded(ObjectCommitted commit, UploadRefusal refusal) =>
        refusal.Reason == UploadRefusalReason.NotContiguous
        && services.Metadata.Current.FindStream(refusal.Stream)?.EndOffset >= commit.Ranges.Last(range => range.Stream == refusal.Stream).EndOffset;

    // Recovered records carry the epoch they were written under; the upload is this leader's, and stands or falls with its epoch.
    private ObjectCommitted UnderCurrentEpochs(ObjectCommitted commit)
    {
        MetadataImage image = services.Metadata.Current;
        return commit with
        {
            Ranges = [.. commit.Ranges.Select(range => image.FindStream(range.Stream) is { } stream && stream.Leader == services.Node ? range with { Epoch = stream.Epoch } : range)],
        };
    }

    private void OnFailure(string what, string problem)
    {
        services.Metrics.Failed();

        // A disk that the WAL shares with the store may be full: a trim, of nothing here, has it give back what it holds in advance.
        // Its own failure is the next append's to report.
        _ = services.WriteAheadLog.TrimAsync(services.Cache.UploadedUpTo, CancellationToken.None).AsTask()
            .ContinueWith(trim => trim.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        long now = services.Clock.GetTimestamp();
        long since = Interlocked.CompareExchange(ref _failingSince, now, 0);
        if (since == 0)
        {
            UploadLog.Retrying(services.Log, what, problem);
        }

        if (since != 0 && services.Clock.GetElapsedTime(since, now) >= StallPatience)
        {
            services.Wal.Tell(new UploadsStalled(problem), ActorRefs.NoSender);
        }
    }

    private async Task RetryAsync(string what, Func<Task> attempt)
    {
        for (TimeSpan delay = FirstRetryDelay; ; delay = delay * 2 > MaxRetryDelay ? MaxRetryDelay : delay * 2)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception cause) when (cause is StorageException { Kind: not StorageErrorKind.Fenced } or AskTimeoutException)
            {
                OnFailure(what, cause.Message);
            }

            await Task.Delay(delay, services.Clock);
        }
    }
}
