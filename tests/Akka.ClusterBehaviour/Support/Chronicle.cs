using System.Collections.Concurrent;

namespace Akka.ClusterBehaviour;

/// <summary>What actors of all nodes did, in order; the test can hold up those that are to stop.</summary>
internal sealed class Chronicle
{
    private readonly ConcurrentQueue<string> _entries = new();
    private TaskCompletionSource? _hold;

    public IReadOnlyList<string> Entries => [.. _entries];

    public Task StopAllowed => Volatile.Read(ref _hold)?.Task ?? Task.CompletedTask;

    public void Add(string entry) => _entries.Enqueue(entry);

    public void HoldStop() => Volatile.Write(ref _hold, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void ReleaseStop() => Volatile.Read(ref _hold)!.SetResult();

    public Task HasAsync(string entry) => Eventually.Holds(() => _entries.Contains(entry), $"'{entry}' in the chronicle [{string.Join(", ", _entries)}]");

    /// <summary>Actors are created before they start: an entity that is acknowledged writes its entry a moment later.</summary>
    public Task HasCountAsync(int count) => Eventually.Holds(() => _entries.Count == count, $"{count} entries in the chronicle");

    /// <summary>Whatever started had stopped before anything else started; of those that are so named.</summary>
    public bool NeverTwoAtOnce(string name = "")
    {
        int running = 0;
        foreach (string entry in _entries.Where(entry => name.Length == 0 || entry.StartsWith(name + "@", StringComparison.Ordinal)))
        {
            running += entry.EndsWith(" started", StringComparison.Ordinal) ? 1 : entry.EndsWith(" stopped", StringComparison.Ordinal) ? -1 : 0;
            if (running > 1)
            {
                return false;
            }
        }

        return true;
    }
}
