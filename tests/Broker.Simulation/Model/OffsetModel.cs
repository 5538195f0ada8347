namespace Broker.Simulation.Model;

/// <summary>
/// What one consumer has committed for one partition, and was told of it. It commits 1, 2, 3 and so on, each after the answer to the one before, or without:
///
/// L11. A committed offset that was acknowledged or read is there, as it was sent, until a later one is; only a commit whose answer is missing may take its
///      place, and only while the run of the node that has it was not followed.
/// </summary>
internal sealed class OffsetModel(string group, PartitionModel partition)
{
    public const long None = -1;

    private readonly List<(long Offset, int Run)> _inDoubt = [];
    private long _committed = None;
    private long _last;

    public string Group => group;

    public PartitionModel Partition => partition;

    /// <summary>The next to commit.</summary>
    /// <param name="run">The run of the node that it goes to.</param>
    public long Next(int run)
    {
        _inDoubt.Add((++_last, run));
        return _last;
    }

    /// <summary>What goes with an offset.</summary>
    public static string MetadataOf(long offset) => offset == None ? "" : $"offset {offset}";

    /// <summary>The last commit was acknowledged. Those in doubt at other runs come to nothing: this one has followed them, or was followed and commits nothing.</summary>
    public void Acknowledge(int run)
    {
        _committed = _last;
        _inDoubt.RemoveAll(one => one.Run != run || one.Offset == _last);
    }

    /// <summary>The newest run said what is committed.</summary>
    public void Read(int run, long offset, string? metadata)
    {
        if (offset != _committed && _inDoubt.All(one => one.Offset != offset))
        {
            throw new ViolationException($"L11: {group} has {offset} for {partition.Name}, and {_committed} was committed; in doubt: {string.Join(", ", _inDoubt)}");
        }

        if (metadata != MetadataOf(offset))
        {
            throw new ViolationException($"L11: {group} has '{metadata}' with offset {offset} for {partition.Name}");
        }

        _committed = offset;
        _inDoubt.RemoveAll(one => one.Run != run || one.Offset == offset);
    }
}
