using System.Collections.Immutable;

namespace Broker.ObjectStore.Metadata;

/// <content>The events of objects: commits, compaction, trimming, deletion.</content>
internal sealed partial class MetadataChange
{
    private void CommitObject(ObjectCommitted committed)
    {
        RequireNewId(committed, committed);
        int references = 0;
        foreach (StreamRange range in committed.Ranges)
        {
            StreamState stream = Stream(committed, range.Stream);
            UploadRefusal? refusal = MetadataRules.Check(stream, range);
            Require(refusal is null, committed, $"{range.Stream}: {refusal?.Reason}, {refusal?.Detail}");

            // Trimmed before it was uploaded: nobody will read it, but its end counts, and its state.
            bool isKept = range.EndOffset > stream.StartOffset || (range.HasState && committed.KeepsStates);
            references += isKept ? 1 : 0;
            ImmutableList<ObjectRange> before = WithoutDead(stream);
            StreamState uploaded = stream with
            {
                EndOffset = range.EndOffset,
                Ranges = isKept ? before.Add(new ObjectRange(committed.ObjectId, range)) : before,
            };
            _streams[range.Stream] = uploaded.IsUploadedToEpoch ? uploaded with { PendingWals = [] } : uploaded;
        }

        AddObject(committed, references);
    }

    /// <summary>Lets go of a range that was kept for its state alone: a newer one takes its place.</summary>
    private ImmutableList<ObjectRange> WithoutDead(StreamState stream)
    {
        if (stream.DeadRange is not { } dead)
        {
            return stream.Ranges;
        }

        Unreference(dead.ObjectId);
        return stream.Ranges.RemoveAt(stream.Ranges.Count - 1);
    }

    private void CompactObject(ObjectCompacted compacted)
    {
        ObjectCommitted added = compacted.Object;
        RequireNewId(compacted, added);
        HashSet<ObjectId> sources = [.. compacted.Sources];
        foreach (StreamRange range in added.Ranges)
        {
            StreamState stream = Stream(compacted, range.Stream);
            (int first, int count) = CompactionRules.Replaced(stream, range, sources);
            Require(count > 0, compacted, $"{range.Stream} has no ranges of the sources from {range.BaseOffset} to {range.EndOffset}");
            for (int i = first; i < first + count; i++)
            {
                Unreference(stream.Ranges[i].ObjectId);
            }

            _streams[range.Stream] = stream with
            {
                Ranges = stream.Ranges.RemoveRange(first, count).Insert(first, new ObjectRange(added.ObjectId, range)),
            };
        }

        AddObject(added, added.Ranges.Count);
    }

    private void RequireNewId(MetadataEvent item, ObjectCommitted added)
    {
        Require(!_objects.ContainsKey(added.ObjectId) && !_deletable.ContainsKey(added.ObjectId), item, $"{added.ObjectId} exists");
        Require(added.ObjectId >= _closedObjectIds, item, $"{added.ObjectId} is closed: the next that may be committed is {_closedObjectIds}");
    }

    private void AddObject(ObjectCommitted added, int references)
    {
        _nextObjectId = Math.Max(_nextObjectId, added.ObjectId.Value + 1);
        ObjectState state = new(added.ObjectId, added.Key, added.Kind, added.SizeBytes, added.CreatedMs, references, added.Store);
        if (references > 0)
        {
            _objects[added.ObjectId] = state;
        }
        else
        {
            MakeDeletable(state);
        }
    }

    private void CleanStream(StreamCleaned cleaned)
    {
        StreamState stream = Stream(cleaned, cleaned.Stream);
        Require(
            cleaned.CleanedEnd >= stream.CleanedEnd && cleaned.CleanedEnd <= stream.EndOffset,
            cleaned,
            $"{cleaned.Stream} is clean up to {stream.CleanedEnd} and uploaded up to {stream.EndOffset}; it cannot be clean up to {cleaned.CleanedEnd}");
        _streams[stream.StreamId] = stream with { CleanedEnd = cleaned.CleanedEnd };
    }

    private void CloseObjectIds(ObjectIdsClosed closed)
    {
        Require(
            closed.Next >= _closedObjectIds && closed.Next.Value <= _nextObjectId,
            closed,
            $"ids are closed up to {_closedObjectIds} and given up to {_nextObjectId}; they cannot be closed up to {closed.Next}");
        _closedObjectIds = closed.Next;
    }

    private void TrimStream(StreamTrimmed trimmed)
    {
        StreamState stream = Stream(trimmed, trimmed.Stream);
        Require(
            trimmed.NewStart >= stream.StartOffset, trimmed, $"{trimmed.Stream} begins at {stream.StartOffset}, after {trimmed.NewStart}");
        // The newest range's state outlives its records: whether a producer's batch is a repeated one does not depend on their retention.
        int dropped = stream.IndexOfFirst(range => range.EndOffset > trimmed.NewStart);
        bool keepsNewest = trimmed.KeepsState && dropped > 0 && dropped == stream.Ranges.Count && stream.Ranges[^1].Range.HasState;
        dropped -= keepsNewest ? 1 : 0;
        for (int i = 0; i < dropped; i++)
        {
            Unreference(stream.Ranges[i].ObjectId);
        }

        // The last epoch that begins at or before the new start still has records there.
        int oldEpochs = 0;
        while (oldEpochs + 1 < stream.EpochHistory.Length && stream.EpochHistory[oldEpochs + 1].StartOffset <= trimmed.NewStart)
        {
            oldEpochs++;
        }

        _streams[stream.StreamId] = stream with
        {
            StartOffset = trimmed.NewStart,
            Ranges = stream.Ranges.RemoveRange(0, dropped),
            EpochHistory = stream.EpochHistory.RemoveRange(0, oldEpochs),
        };
    }

    private void DeleteObjects(ObjectsDeleted deleted)
    {
        foreach (ObjectId id in deleted.Objects)
        {
            // One that is not known any more was deleted by an earlier commit.
            Require(!_objects.ContainsKey(id), deleted, $"{id} is still referred to");
            _deletable.Remove(id);
        }
    }

    private void Unreference(ObjectId id)
    {
        ObjectState state = _objects[id];
        if (state.References > 1)
        {
            _objects[id] = state with { References = state.References - 1 };
            return;
        }

        _objects.Remove(id);
        MakeDeletable(state);
    }

    private void MakeDeletable(ObjectState state)
        => _deletable[state.ObjectId] = new DeletableObject(state.ObjectId, state.Key, state.SizeBytes, timestampMs, state.Store);
}
