using System.Buffers;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.ConditionalLogs.LogFixture;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>What an owner finds who looks at its log: that it is another's by now (G7), or gone (G11).</summary>
public sealed class LookTests
{
    private readonly InMemoryObjectStore _store = new();

    [Fact]
    public async Task Look_ahead_finds_a_later_owner_without_an_append_G7()
    {
        (ConditionalLog first, _) = await OpenAsync(_store, Options(1));
        await first.AppendAsync("a");
        await first.LookAheadAsync(default);
        await OpenAsync(_store, Options(2));

        await FailsAsync(StorageErrorKind.Fenced, () => first.LookAheadAsync(default).AsTask());

        await FailsAsync(StorageErrorKind.Fenced, () => first.AppendAsync("late"));
    }

    // A HEAD that finds nothing costs a second request on S3, for the bucket.
    [Fact]
    public async Task Look_ahead_is_a_HEAD_of_what_is_there_and_a_GET_of_what_is_not()
    {
        List<StoreRequest> requests = [];
        FaultyObjectStore counted = new(_store, (request, _, _) =>
        {
            requests.Add(request);
            return Fault.None;
        });
        (ConditionalLog log, _) = await OpenAsync(counted, Options(1));
        await log.AppendAsync("a");
        await log.LookAheadAsync(default);
        requests.Clear();

        await log.LookAheadAsync(default);

        Assert.Equal([StoreRequest.Head, StoreRequest.Get], requests);
    }

    [Fact]
    public async Task Look_ahead_finds_a_later_owner_who_has_trimmed_what_he_took_G7()
    {
        (ConditionalLog first, _) = await OpenAsync(_store, Options(1));
        await first.AppendAsync("a");
        await first.LookAheadAsync(default);
        (ConditionalLog second, _) = await OpenAsync(_store, Options(2));
        await second.AppendAsync("b");
        await second.TrimAsync(second.Tail, default);

        await FailsAsync(StorageErrorKind.Fenced, () => first.LookAheadAsync(default).AsTask());
    }

    [Fact]
    public async Task Look_ahead_of_an_owner_finds_nobody_also_after_trims_and_the_loss_of_the_log_G11()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        await log.AppendAsync("a");
        await log.AppendAsync("b");
        await log.TrimAsync(log.Tail, default);
        await log.LookAheadAsync(default);
        await log.LookAheadAsync(default);
        await log.AppendAsync("c");

        await EmptyAsync();

        await FailsAsync(StorageErrorKind.Corrupt, () => log.LookAheadAsync(default).AsTask());
        Assert.Equal(StorageErrorKind.Corrupt, log.Failure!.Kind);
    }

    // The answers say what there is when they come.
    [Fact]
    public async Task Look_ahead_takes_an_append_under_way_for_nobody_elses()
    {
        HeldObjectStore store = new(_store, Task.CompletedTask);
        (ConditionalLog log, _) = await OpenAsync(store, Options(1));
        TaskCompletionSource answers = new();
        store.Heads = answers.Task;
        ValueTask look = log.LookAheadAsync(default);

        await log.AppendAsync("a");
        answers.SetResult();
        await look;

        await log.AppendAsync("b");
    }

    [Fact]
    public async Task A_trim_that_finds_the_boundary_gone_ends_the_log_for_good_G11()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        await log.AppendAsync("a");
        await log.AppendAsync("b");
        await EmptyAsync();
        await log.AppendAsync("c");

        StorageException lost = await FailsAsync(StorageErrorKind.Corrupt, () => log.TrimAsync(log.Tail, default).AsTask());

        Assert.Contains("boundary", lost.Message, StringComparison.Ordinal);
        await FailsAsync(StorageErrorKind.Corrupt, () => log.AppendAsync("d"));
    }

    [Fact]
    public async Task A_log_that_must_exist_is_not_made_anew_and_opens_when_it_is_restored_G11()
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        await log.AppendAsync("a");
        Dictionary<string, byte[]> backup = _store.Keys.ToDictionary(key => key, _store.Read);
        await EmptyAsync();

        await FailsAsync(StorageErrorKind.Corrupt, () => OpenAsync(_store, Options(2) with { MustExist = true }));
        Assert.Empty(_store.Keys);

        foreach ((string key, byte[] bytes) in backup)
        {
            await _store.PutAsync(new ObjectKey(key), new ReadOnlySequence<byte>(bytes), PutCondition.IfAbsent, default);
        }

        (_, List<LogEntry> replay) = await OpenAsync(_store, Options(3) with { MustExist = true });
        Assert.Equal(["a"], replay.Texts());
    }

    private async Task EmptyAsync()
    {
        foreach (string key in _store.Keys)
        {
            await _store.DeleteAsync(new ObjectKey(key), default);
        }
    }
}
