namespace Broker.ObjectStore.Inspection;

/// <summary>What a verification looked at.</summary>
public sealed record StoreVerifyTotals
{
    /// <summary>Objects that streams refer to.</summary>
    public long Objects { get; init; }

    /// <summary>Their bytes, by the metadata.</summary>
    public long ObjectBytes { get; init; }

    /// <summary>Ranges of streams that were found in them.</summary>
    public long Ranges { get; init; }

    /// <summary>Blocks that were read.</summary>
    public long Blocks { get; init; }

    /// <summary>Their bytes.</summary>
    public long BlockBytes { get; init; }

    /// <summary>Write-ahead logs in the bucket that may hold what is not uploaded.</summary>
    public long Wals { get; init; }

    /// <summary>Their slots with records.</summary>
    public long WalSlots { get; init; }

    /// <summary>The records in these, uploaded ones among them.</summary>
    public long WalRecords { get; init; }

    /// <summary>Write-ahead logs that the metadata do not know, and of which slots with records are left: their nodes died, and others have what they held. The cluster removes these slots in time.</summary>
    public long ReleasedWals { get; init; }

    /// <summary>These slots.</summary>
    public long ReleasedWalSlots { get; init; }

    /// <summary>Their bytes, as stored.</summary>
    public long ReleasedWalBytes { get; init; }

    /// <summary>Objects that nothing refers to any more, and that will be deleted.</summary>
    public long Deletable { get; init; }

    /// <summary>Their bytes, as stored.</summary>
    public long DeletableBytes { get; init; }

    /// <summary>Data objects that the metadata do not know: uploads on their way, or left by a crash. The broker removes the latter in time.</summary>
    public long Unknown { get; init; }

    /// <summary>Their bytes, as stored.</summary>
    public long UnknownBytes { get; init; }
}
