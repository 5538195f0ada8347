using System.Text.RegularExpressions;
using Broker.Actors.Configuration;
using Broker.ObjectStore;
using Broker.ObjectStore.Wal;
using Microsoft.Extensions.Logging;

namespace Broker.Node.Composition;

/// <summary>
/// Starts a node as soon as its store is there. A store that is out of reach, slow or overloaded, a disk without room, and a cluster that does not let the node in yet are waited for, however
/// long; what somebody has to set right first ends the start: a bucket that does not exist, denied access, a WAL folder in use, damage.
/// </summary>
/// <param name="options">The node's.</param>
/// <param name="clock">Times the tries.</param>
/// <param name="log">For word of what is waited for.</param>
/// <param name="hasServed">Whether the process has served before, as one of several, and starts anew: its store has admitted it then, and is waited for when it does not now.</param>
public sealed partial class StoreWait(BrokerOptions options, TimeProvider clock, ILogger log, bool hasServed = false)
{
    /// <summary>Between two tries. 2 s: a store that comes back is noticed soon, and one small request in that time burdens no store.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly long _start = clock.GetTimestamp();
    private string? _toldReason;
    private bool _wasDenied;

    /// <summary>Tries until an attempt succeeds. Logs why it waits, once for each change of the reason.</summary>
    /// <param name="attempt">One try: all or nothing.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="StorageException">An attempt failed with what waiting does not mend.</exception>
    public async Task<T> UntilAsync<T>(Func<CancellationToken, Task<T>> attempt, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                T opened = await attempt(cancellation);
                if (_toldReason is not null)
                {
                    StoreWaitLog.Found(log, clock.GetElapsedTime(_start));
                }

                return opened;
            }
            catch (Exception cause) when (cause is StorageException or IOException)
            {
                if (!IsWorthWaiting(cause))
                {
                    throw;
                }

                Tell(cause);
            }

            await Task.Delay(Pause, clock, cancellation);
        }
    }

    private bool IsWorthWaiting(Exception cause)
    {
        Exception[] chain = [.. ChainOf(cause)];
        if (chain.OfType<StoreDeniedException>().FirstOrDefault() is { } denied)
        {
            if (hasServed)
            {
                return true;
            }

            // A gateway that is just coming up may deny once.
            return _wasDenied
                ? throw new StorageException(
                    denied.Kind, $"the object store '{options.ObjectStore.Description}' (object.store) does not admit this node: {denied.Message}. `broker store check` tries every operation", denied)
                : _wasDenied = true;
        }

        _wasDenied = false;
        return chain.Any(IsFullDisk) || (cause is StorageException { Kind: var kind } && MayPass(kind) && !chain.OfType<WalFolderException>().Any());
    }

    // Among others a start may be overtaken: they took it for dead, or for the one before it. The next one joins those who did.
    private bool MayPass(StorageErrorKind kind) => kind switch
    {
        StorageErrorKind.Unavailable => options.ObjectStore.Bucket is not null || options.Cluster is not null,
        StorageErrorKind.Fenced => options.Cluster is not null,
        _ => false,
    };

    private void Tell(Exception cause)
    {
        // Names, addresses and numbers differ from try to try.
        string reason = Particulars().Replace(cause.Message, "");
        if (reason != _toldReason && !_wasDenied)
        {
            _toldReason = reason;
            StoreWaitLog.Waiting(log, options.ObjectStore.Description, cause.Message.TrimEnd('.'));
        }
    }

    private static bool IsFullDisk(Exception cause)
    {
        const int noSpaceErrno = 28;
        const int quotaExceededErrno = 122;
        return cause is WalDiskFullException or IOException { HResult: noSpaceErrno or quotaExceededErrno };
    }

    private static IEnumerable<Exception> ChainOf(Exception cause)
    {
        for (Exception? link = cause; link is not null; link = link.InnerException)
        {
            yield return link;
        }
    }

    [GeneratedRegex("'[^']*'|[0-9]+")]
    private static partial Regex Particulars();
}

internal static partial class StoreWaitLog
{
    [LoggerMessage(EventId = 6105, EventName = "WaitingForStore", Level = LogLevel.Warning, Message = "Waiting for the store ({Store}): {Reason}. The node starts by itself when that is over")]
    public static partial void Waiting(ILogger log, string store, string reason);

    [LoggerMessage(EventId = 6106, EventName = "StoreFound", Level = LogLevel.Information, Message = "The store is there; the start has taken {Elapsed}")]
    public static partial void Found(ILogger log, TimeSpan elapsed);
}
