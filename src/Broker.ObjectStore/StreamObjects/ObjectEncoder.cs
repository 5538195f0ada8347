using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>Encodes batches that are in memory as an object, without copying them. One use, by one owner.</summary>
internal sealed class ObjectEncoder
{
    private readonly ObjectLayout _layout;
    private readonly ObjectBody _body = new();

    public ObjectEncoder(ObjectKind kind, StreamObjectWriterOptions options)
    {
        _layout = new ObjectLayout(kind, options);
        _body.Add(_layout.Begin());
    }

    /// <summary>
    /// Adds a stream's gapless batches: one section for each leader epoch among them. The state, which is of the end of the batches, goes with the last.
    /// </summary>
    public void AddStream(StreamId stream, IReadOnlyList<CachedBatch> batches, ReadOnlyMemory<byte> state)
    {
        for (int from = 0; from < batches.Count;)
        {
            int to = from + 1;
            while (to < batches.Count && batches[to].Epoch == batches[from].Epoch)
            {
                to++;
            }

            AddSection(stream, batches, from, to, to == batches.Count ? state : ReadOnlyMemory<byte>.Empty);
            from = to;
        }
    }

    public EncodedObject Finish()
    {
        (IReadOnlyList<byte[]> tail, IReadOnlyList<StreamRange> sections) = _layout.Finish();
        foreach (byte[] piece in tail)
        {
            _body.Add(piece);
        }

        return new EncodedObject(_body.ToSequence(), sections);
    }

    private void AddSection(StreamId stream, IReadOnlyList<CachedBatch> batches, int from, int to, ReadOnlyMemory<byte> state)
    {
        _layout.BeginSection(stream, batches[from].BaseOffset);
        for (int i = from; i < to; i++)
        {
            CachedBatch batch = batches[i];
            if (batch.Damage is null)
            {
                _layout.AddBatches(batch.BaseOffset, batch.LastOffset, batch.MaxTimestampMs, batch.Payload.Span, batch.PayloadCrc);
            }
            else
            {
                _layout.AddDamaged(batch.BaseOffset, batch.LastOffset, batch.MaxTimestampMs, batch.Payload.Length, batch.PayloadCrc);
            }

            _body.Add(batch.Payload);
        }

        _body.Add(_layout.EndSection(batches[from].Epoch, batches[to - 1].LastOffset + 1, state.Span));
    }
}
