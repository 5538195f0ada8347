namespace Broker.ObjectStore;

/// <summary>
/// Under what condition a PUT takes effect (S3: <c>If-None-Match: *</c>, <c>If-Match</c>), and the unique id that it leaves in the
/// object's metadata, by which a later look tells one's own write from another's (see <see cref="PutOutcome.Unknown"/>).
/// </summary>
public readonly record struct PutCondition
{
    private PutCondition(PutConditionKind kind, string? etag, Guid writeId)
    {
        Kind = kind;
        ETag = etag;
        WriteId = writeId;
    }

    /// <summary>Always write; the last writer wins.</summary>
    public static PutCondition None => default;

    /// <summary>Write only if no object of that key exists.</summary>
    public static PutCondition IfAbsent => new(PutConditionKind.IfAbsent, null, Guid.Empty);

    public PutConditionKind Kind { get; }

    /// <summary>The etag that must match; null unless <see cref="Kind"/> is <see cref="PutConditionKind.IfMatch"/>.</summary>
    public string? ETag { get; }

    /// <summary>Stored with the object; <see cref="Guid.Empty"/> = none was given.</summary>
    public Guid WriteId { get; }

    /// <summary>Write only if the object exists and still has that etag.</summary>
    public static PutCondition IfMatch(string etag)
    {
        ArgumentException.ThrowIfNullOrEmpty(etag);
        return new(PutConditionKind.IfMatch, etag, Guid.Empty);
    }

    /// <summary>The same condition, writing <paramref name="writeId"/> into the object's metadata.</summary>
    public PutCondition WithWriteId(Guid writeId) => new(Kind, ETag, writeId);

    public override string ToString() => Kind == PutConditionKind.IfMatch ? $"IfMatch({ETag})" : Kind.ToString();
}

/// <summary>The kinds of <see cref="PutCondition"/>.</summary>
public enum PutConditionKind
{
    None,
    IfAbsent,
    IfMatch,
}
