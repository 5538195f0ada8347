using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Coordination;

/// <summary>The newest commits of a coordinator, so that a node that has missed some need not have them from the store, which may answer it slowly just then.</summary>
internal sealed class RecentCommits
{
    /// <summary>Several times those between two attachments of a node (<see cref="MetadataClientServices.AttachEvery"/>), at one commit in 20 ms. What they hold is in the image as well, for the most part.</summary>
    internal const int Most = 100;

    private readonly Queue<RecentCommit> _commits = new(Most);

    /// <summary>Adds the newest one.</summary>
    public void Add(RecentCommit commit)
    {
        if (_commits.Count == Most)
        {
            _commits.Dequeue();
        }

        _commits.Enqueue(commit);
    }

    /// <summary>There were changes that were no commits of this coordinator's.</summary>
    public void Clear() => _commits.Clear();

    /// <summary>The commits behind a version, in order. Empty: they are not remembered, or not all of them.</summary>
    public IReadOnlyList<RecentCommit> Since(long version)
    {
        RecentCommit[] behind = [.. _commits.SkipWhile(commit => commit.PreviousVersion < version)];
        return behind.Length > 0 && behind[0].PreviousVersion == version ? behind : [];
    }
}

/// <summary>A commit that a coordinator has made.</summary>
/// <param name="PreviousVersion">Of the metadata before it.</param>
/// <param name="Version">Of the metadata with it.</param>
/// <param name="Batch">What it has changed.</param>
internal sealed record RecentCommit(long PreviousVersion, long Version, MetadataBatch Batch);
