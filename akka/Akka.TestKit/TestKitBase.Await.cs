namespace Akka.TestKit;

public abstract partial class TestKitBase
{
    /// <summary>How often a condition is looked at: often enough not to slow tests down, seldom enough not to load the machine.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the condition holds; fails when it does not in time.</summary>
    public void AwaitCondition(Func<bool> conditionIsFulfilled, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, null, null, null, cancellationToken);

    public void AwaitCondition(Func<bool> conditionIsFulfilled, TimeSpan? max, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, max, null, null, cancellationToken);

    public void AwaitCondition(Func<bool> conditionIsFulfilled, TimeSpan? max, TimeSpan? interval, string? message = null, CancellationToken cancellationToken = default)
    {
        TimeSpan end = Now + Wait(max);
        while (!conditionIsFulfilled())
        {
            if (Now >= end)
            {
                Failed($"Timeout {Wait(max)} expired while waiting for a condition. {message}");
            }

            cancellationToken.WaitHandle.WaitOne(interval ?? PollInterval);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    public Task AwaitConditionAsync(Func<bool> conditionIsFulfilled, CancellationToken cancellationToken = default) =>
        AwaitConditionAsync(conditionIsFulfilled, null, null, null, cancellationToken);

    public async Task AwaitConditionAsync(Func<bool> conditionIsFulfilled, TimeSpan? max, TimeSpan? interval, string? message = null, CancellationToken cancellationToken = default)
    {
        TimeSpan end = Now + Wait(max);
        while (!conditionIsFulfilled())
        {
            if (Now >= end)
            {
                Failed($"Timeout {Wait(max)} expired while waiting for a condition. {message}");
            }

            await Task.Delay(interval ?? PollInterval, cancellationToken);
        }
    }

    /// <summary>Repeats the assertion until it does not throw; after the time the last exception is the test's.</summary>
    public void AwaitAssert(Action assertion, TimeSpan? duration = null, TimeSpan? interval = null, CancellationToken cancellationToken = default)
    {
        TimeSpan end = Now + Wait(duration);
        while (true)
        {
            try
            {
                assertion();
                return;
            }
            catch (Exception) when (Now < end)
            {
                cancellationToken.WaitHandle.WaitOne(interval ?? PollInterval);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    public async Task AwaitAssertAsync(Action assertion, TimeSpan? duration = null, TimeSpan? interval = null, CancellationToken cancellationToken = default) =>
        await AwaitAssertAsync(
            () =>
            {
                assertion();
                return Task.CompletedTask;
            },
            duration,
            interval,
            cancellationToken);

    public async Task AwaitAssertAsync(Func<Task> assertion, TimeSpan? duration = null, TimeSpan? interval = null, CancellationToken cancellationToken = default)
    {
        TimeSpan end = Now + Wait(duration);
        while (true)
        {
            try
            {
                await assertion();
                return;
            }
            catch (Exception) when (Now < end)
            {
                await Task.Delay(interval ?? PollInterval, cancellationToken);
            }
        }
    }

    /// <summary>Bounds all expectations in <paramref name="action"/>, and the action itself.</summary>
    public void Within(TimeSpan max, Action action, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        Within(TimeSpan.Zero, max, action, null, epsilonValue, cancellationToken);

    public void Within(TimeSpan min, TimeSpan max, Action action, string? hint = null, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        Within(
            min,
            max,
            () =>
            {
                action();
                return NotUsed.Instance;
            },
            hint,
            epsilonValue,
            cancellationToken);

    public T Within<T>(TimeSpan max, Func<T> function, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        Within(TimeSpan.Zero, max, function, null, epsilonValue, cancellationToken);

    public T Within<T>(TimeSpan min, TimeSpan max, Func<T> function, string? hint = null, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan start = Now;
        TimeSpan outerEnd = _end;
        TimeSpan end = start + Dilated(max);
        _end = outerEnd >= TimeSpan.Zero && outerEnd < end ? outerEnd : end;
        T result;
        try
        {
            result = function();
        }
        finally
        {
            _end = outerEnd;
        }

        TimeSpan elapsed = Now - start;
        TimeSpan tolerance = epsilonValue ?? TimeSpan.Zero;
        if (elapsed < min - tolerance || elapsed > Dilated(max) + tolerance)
        {
            Failed($"Failed: Block took {elapsed}, should have been between {min} and {Dilated(max)}. {hint}");
        }

        return result;
    }

    public async Task WithinAsync(TimeSpan max, Func<Task> actionAsync, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan start = Now;
        TimeSpan outerEnd = _end;
        TimeSpan end = start + Dilated(max);
        _end = outerEnd >= TimeSpan.Zero && outerEnd < end ? outerEnd : end;
        try
        {
            await actionAsync();
        }
        finally
        {
            _end = outerEnd;
        }

        if (Now - start > Dilated(max) + (epsilonValue ?? TimeSpan.Zero))
        {
            Failed($"Failed: Block took {Now - start}, exceeding {Dilated(max)}");
        }
    }
}
