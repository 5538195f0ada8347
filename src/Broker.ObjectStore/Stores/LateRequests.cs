using System.Runtime.CompilerServices;

namespace Broker.ObjectStore;

/// <summary>Tells which requests of one kind are late beside the recent ones of their size, and may be made a second time. Thread-safe.</summary>
/// <param name="options">Bounds of second requests.</param>
/// <param name="time">Of the requests.</param>
internal sealed class LateRequests(LateRequestOptions options, TimeProvider time)
{
    private readonly RequestLatency _latency = new(options.Quantile, options.MinSamples);
    private readonly object _lock = new();
    private double _allowance = options.MaxBurst;
    private long _repeats;

    /// <summary>How many were made beside one that was late.</summary>
    internal long Repeats => Interlocked.Read(ref _repeats);

    /// <summary>When it began, for <see cref="Record"/>.</summary>
    internal long Begin()
    {
        lock (_lock)
        {
            _allowance = Math.Min(options.MaxBurst, _allowance + options.MaxShare);
        }

        return time.GetTimestamp();
    }

    /// <summary>A request for so many bytes has ended that began then.</summary>
    internal void Record(long bytes, long began) => _latency.Record(bytes, time.GetElapsedTime(began));

    /// <summary>After how long a request for so many bytes is late; null: nobody can tell yet.</summary>
    internal TimeSpan? LateAfter(long bytes) => _latency.QuantileOf(bytes) * options.Factor is { } late
        ? late > options.MinDelay ? late : options.MinDelay
        : options.FirstDelay;

    /// <summary>Waits until a request has ended or is late; whether it is made a second time now, by whoever asks.</summary>
    internal async ValueTask<bool> IsDueAsync(Task request, TimeSpan delay, CancellationToken ct)
    {
        if (request.IsCompleted)
        {
            return false;
        }

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bool ended = await Task.WhenAny(request, Task.Delay(delay, time, stop.Token)) == request;
        await stop.CancelAsync();
        return !ended && !ct.IsCancellationRequested && Spend();
    }

    /// <summary>A request that fails at once fails as a task.</summary>
    internal static async Task<T> StartAsync<T>(Func<CancellationToken, ValueTask<T>> request, CancellationToken ct) => await request(ct);

    /// <summary>A request's end, whatever it is.</summary>
    internal static ConfiguredTaskAwaitable EndOf(Task task)
        => task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private bool Spend()
    {
        lock (_lock)
        {
            bool isAllowed = _allowance >= 1;
            _allowance -= isAllowed ? 1 : 0;
            _repeats += isAllowed ? 1 : 0;
            return isAllowed;
        }
    }
}
