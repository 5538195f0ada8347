using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Compaction;

/// <summary>The sources of one object: each is opened when it is first needed and let go with its last range, so that memory is held for those in use only.</summary>
internal sealed class SourceReaders(
    CompactionOutput output, Func<ObjectState, IReadOnlyList<StreamRange>, CancellationToken, ValueTask<SourceReader>> open)
{
    private readonly Dictionary<ObjectId, ObjectState> _sources = output.Sources.ToDictionary(source => source.ObjectId);
    private readonly Dictionary<ObjectId, List<StreamRange>> _ranges = output.Runs
        .SelectMany(run => run.Ranges)
        .GroupBy(range => range.ObjectId)
        .ToDictionary(group => group.Key, group => group.Select(range => range.Range).ToList());

    private readonly Dictionary<ObjectId, (SourceReader Reader, int Left)> _open = [];

    /// <summary>The reader for the next range of a source; to be called once a range.</summary>
    public async ValueTask<SourceReader> TakeAsync(ObjectId source, CancellationToken ct)
    {
        if (!_open.TryGetValue(source, out (SourceReader Reader, int Left) opened))
        {
            opened = (await open(_sources[source], _ranges[source], ct), _ranges[source].Count);
        }

        if (opened.Left > 1)
        {
            _open[source] = (opened.Reader, opened.Left - 1);
        }
        else
        {
            _open.Remove(source);
        }

        return opened.Reader;
    }
}
