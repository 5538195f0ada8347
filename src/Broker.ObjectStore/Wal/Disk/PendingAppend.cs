namespace Broker.ObjectStore.Wal;

/// <summary>One append on its way to the disk.</summary>
internal sealed class PendingAppend
{
    // The completion must not run the caller's code on the thread that does the I/O.
    private readonly TaskCompletionSource<WalPosition> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PendingAppend(IReadOnlyList<WalRecord> records)
    {
        Records = records;
        long bytes = 0;
        for (int i = 0; i < records.Count; i++)
        {
            bytes += RecordHeader.SizeBytes + records[i].Payload.Length;
        }

        SizeBytes = bytes;
    }

    public IReadOnlyList<WalRecord> Records { get; }

    /// <summary>What it takes in a segment, headers included.</summary>
    public long SizeBytes { get; }

    public Task<WalPosition> Completion => _completion.Task;

    public void Complete(WalPosition last) => _completion.SetResult(last);

    public void Fail(StorageException error) => _completion.SetException(error);
}
