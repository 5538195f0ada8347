namespace Broker.ObjectStore.StreamObjects;

/// <summary>How objects are read.</summary>
public sealed record StreamObjectReaderOptions
{
    /// <summary>
    /// Neighbouring missing blocks of one read go into one ranged GET up to so many bytes (a larger block goes alone). The default,
    /// 8 MiB, is what S3 recommends as a range's upper size for one connection; a request's fixed cost is then below a tenth.
    /// </summary>
    public int MaxGetBytes { get; init; } = 8 << 20;

    /// <summary>
    /// What is read of an object's end in order to find footer and directory in one GET: the default, 64 KiB, has the directory of 900 sections.
    /// </summary>
    public int TailBytes { get; init; } = 64 << 10;
}
