namespace Broker.ObjectStore.Wal;

/// <summary>One append on its way to where it is durable.</summary>
internal sealed class PendingAppend
{
    // The completion must not run the caller's code on the thread that does the I/O.
    private readonly TaskCompletionSource<WalPosition> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="records">At least one.</param>
    /// <param name="headerBytes">What the log writes for each record beside its payload.</param>
    /// <exception cref="ArgumentException">The records are no batch.</exception>
    public PendingAppend(IReadOnlyList<WalRecord> records, int headerBytes)
    {
        Check(records);
        Records = records;
        long bytes = 0;
        for (int i = 0; i < records.Count; i++)
        {
            bytes += headerBytes + records[i].Payload.Length;
        }

        SizeBytes = bytes;
    }

    public IReadOnlyList<WalRecord> Records { get; }

    /// <summary>What it takes in the log, headers included.</summary>
    public long SizeBytes { get; }

    public Task<WalPosition> Completion => _completion.Task;

    public void Complete(WalPosition last) => _completion.SetResult(last);

    public void Fail(StorageException error) => _completion.SetException(error);

    private static void Check(IReadOnlyList<WalRecord> batch)
    {
        if (batch.Count == 0)
        {
            throw new ArgumentException("an append has at least one record", nameof(batch));
        }

        for (int i = 0; i < batch.Count; i++)
        {
            if (batch[i].LastOffset < batch[i].BaseOffset)
            {
                throw new ArgumentException(
                    $"record {i} of {batch[i].Stream} ends at offset {batch[i].LastOffset}, before it begins ({batch[i].BaseOffset})", nameof(batch));
            }
        }
    }
}
