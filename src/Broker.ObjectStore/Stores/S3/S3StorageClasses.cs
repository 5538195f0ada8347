namespace Broker.ObjectStore.S3;

/// <summary>
/// Which of S3's storage classes the broker's objects may be in. Source: "Understanding and managing Amazon S3 storage classes". Other servers have names of their own (Ceph's are made by who
/// runs it), which only the server knows.
/// </summary>
public static class S3StorageClasses
{
    /// <summary>Those of AWS whose objects are read at once.</summary>
    private static readonly string[] ReadAtOnce =
        ["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "REDUCED_REDUNDANCY", "EXPRESS_ONEZONE", "OUTPOSTS", "SNOW"];

    /// <summary>Those whose objects must be restored before they can be read, which takes minutes to days.</summary>
    private static readonly string[] Archives = ["GLACIER", "DEEP_ARCHIVE"];

    /// <summary>What is allowed in place of the class, as far as it can be known without asking the server; null when nothing is known against it.</summary>
    /// <param name="name">The class; null = the bucket's default.</param>
    /// <param name="isAws">Whether the server is AWS's.</param>
    public static string? Problem(string? name, bool isAws) => name is not null && (Archives.Contains(name) || (isAws && !ReadAtOnce.Contains(name)))
        ? $"a class whose objects can be read at once: {string.Join(", ", ReadAtOnce)}{(isAws ? "" : ", or one of the server's own")}"
        : null;
}
