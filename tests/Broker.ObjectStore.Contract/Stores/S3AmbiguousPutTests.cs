using Broker.TestSupport.S3;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>
/// Conditional PUTs whose answer is lost, wrong or late, on a real server: won, lost or unknown, and never claimed wrongly. Each is sent once.
/// </summary>
public sealed class S3AmbiguousPutTests : IAsyncLifetime
{
    private S3Scene _scene = null!;

    public async Task InitializeAsync() => _scene = await S3Scene.OpenAsync();

    public async Task DisposeAsync()
    {
        if (_scene is not null)
        {
            await _scene.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task A_put_whose_answer_is_lost_is_known_to_be_written()
    {
        Inject(ProxyFault.DropResponse);
        PutResult result = await _scene.PutAsync("mine");
        Assert.Equal(PutOutcome.Written, result.Outcome);
        Assert.Equal((await _scene.Direct.HeadAsync(S3Scene.Key, default))!.ETag, result.ETag);
        Assert.Equal(1, _scene.Count("PUT"));
    }

    [SkippableFact]
    public async Task A_put_that_was_lost_is_unknown_and_a_second_try_writes_it()
    {
        Inject(ProxyFault.DropRequest, times: 2);
        Assert.Equal(PutOutcome.Unknown, (await _scene.PutAsync("mine")).Outcome);
        Assert.Null(await _scene.PresentAsync());
        Assert.Equal(PutOutcome.Written, (await RetryAsync("mine")).Outcome);
        Assert.Equal("mine", await _scene.PresentAsync());
        Assert.Equal(3, _scene.Count("PUT"));
    }

    [SkippableFact]
    public async Task A_put_that_arrives_twice_is_written_though_the_answer_says_that_its_condition_failed()
    {
        Inject(ProxyFault.Duplicate, times: 2);
        PutResult first = await _scene.PutAsync("one");
        Assert.Equal(PutOutcome.Written, first.Outcome);
        PutResult second = await _scene.PutAsync("two", PutCondition.IfMatch(first.ETag!));
        Assert.Equal(PutOutcome.Written, second.Outcome);
        Assert.Equal("two", await _scene.PresentAsync());
    }

    [SkippableFact]
    public async Task A_put_that_arrives_twice_behind_anothers_is_lost()
    {
        await _scene.Direct.PutAsync(S3Scene.Key, S3Scene.Body("theirs"), PutCondition.IfAbsent, default);
        Inject(ProxyFault.Duplicate, times: 2);
        Assert.Equal(PutOutcome.ConditionFailed, (await _scene.PutAsync("mine")).Outcome);
        Assert.Equal(PutOutcome.ConditionFailed, (await _scene.PutAsync("mine", PutCondition.IfMatch("0123"))).Outcome);
        Assert.Equal("theirs", await _scene.PresentAsync());
    }

    [SkippableFact]
    public async Task A_lost_put_with_a_lost_answer_is_not_claimed_as_won()
    {
        await _scene.Direct.PutAsync(S3Scene.Key, S3Scene.Body("theirs"), PutCondition.IfAbsent, default);
        Inject(ProxyFault.DropResponse);
        Assert.Equal(PutOutcome.Unknown, (await _scene.PutAsync("mine")).Outcome);
        Assert.Equal(PutOutcome.ConditionFailed, (await _scene.PutAsync("mine")).Outcome);
        Assert.Equal("theirs", await _scene.PresentAsync());
    }

    [SkippableFact]
    public async Task A_conflict_is_not_applied_and_to_be_tried_again()
    {
        Inject(ProxyFault.Answer(409, "ConditionalRequestConflict", isForwarded: false), times: 2);
        Assert.Equal(StorageErrorKind.Unavailable, (await Assert.ThrowsAsync<StorageException>(() => _scene.PutAsync("mine"))).Kind);
        Assert.Null(await _scene.PresentAsync());
        Assert.Equal(PutOutcome.Written, (await RetryAsync("mine")).Outcome);
    }

    [SkippableFact]
    public async Task A_conflict_with_ones_own_duplicate_is_written_and_with_anothers_object_lost()
    {
        Inject(ProxyFault.Answer(409, "ConditionalRequestConflict", isForwarded: true), times: 2);
        Assert.Equal(PutOutcome.Written, (await _scene.PutAsync("mine")).Outcome);
        Assert.Equal(PutOutcome.ConditionFailed, (await _scene.PutAsync("again")).Outcome);
        Assert.Equal("mine", await _scene.PresentAsync());
    }

    [SkippableTheory]
    [InlineData(500, "InternalError")]
    [InlineData(502, "BadGateway")]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(504, "GatewayTimeout")]
    public async Task A_server_error_is_written_when_the_object_is_there_and_else_unknown(int status, string code)
    {
        Inject(ProxyFault.Answer(status, code, isForwarded: false));
        PutResult unknown = await _scene.PutAsync("mine");
        Assert.Equal(PutOutcome.Unknown, unknown.Outcome);
        Assert.Equal(status == 503, unknown.Cause is StoreThrottledException);
        Assert.Null(await _scene.PresentAsync());

        Inject(ProxyFault.Answer(status, code, isForwarded: true));
        Assert.Equal(PutOutcome.Written, (await _scene.PutAsync("mine")).Outcome);
        Inject(ProxyFault.Answer(status, code, isForwarded: true));
        Assert.Equal(PutOutcome.Unknown, (await _scene.PutAsync("behind mine")).Outcome);
        Assert.Equal("mine", await _scene.PresentAsync());
    }

    [SkippableFact]
    public async Task Slow_down_is_not_applied_and_marked_as_throttling()
    {
        Inject(ProxyFault.Answer(503, "SlowDown", isForwarded: false), times: 2);
        await Assert.ThrowsAsync<StoreThrottledException>(() => _scene.PutAsync("mine"));
        Assert.Equal(1, _scene.Count("PUT"));
        Assert.Equal(0, _scene.Count("HEAD"));
        Assert.Equal(PutOutcome.Written, (await RetryAsync("mine")).Outcome);
    }

    [SkippableFact]
    public async Task A_put_that_gets_no_answer_in_time_is_unknown_and_settled_by_a_second_try()
    {
        foreach (ProxyFault hang in new[] { ProxyFault.HangBefore, ProxyFault.HangAfter })
        {
            await _scene.Direct.DeleteAsync(S3Scene.Key, default);
            int before = _scene.Count("PUT");
            Guid writeId = Guid.NewGuid();
            Inject(hang);
            Task<PutResult> put = _scene.PutAsync("mine", PutCondition.IfAbsent.WithWriteId(writeId));
            await _scene.Proxy.ArrivalAsync(_ => _scene.Count("PUT") > before);
            _scene.Time.Advance(TimeSpan.FromSeconds(4));
            Assert.False(put.IsCompleted);
            _scene.Time.Advance(TimeSpan.FromSeconds(2));
            PutResult result = await put;
            Assert.Equal(PutOutcome.Unknown, result.Outcome);
            Assert.Contains("no answer within 5 s", result.Cause!.Message, StringComparison.Ordinal);
            Assert.Equal(before + 1, _scene.Count("PUT"));
            Assert.Equal(0, _scene.Count("HEAD"));

            Assert.Equal(PutOutcome.Written, (await RetryAsync("mine", PutCondition.IfAbsent.WithWriteId(writeId))).Outcome);
            Assert.Equal("mine", await _scene.PresentAsync());
        }
    }

    [SkippableFact]
    public async Task A_put_that_its_caller_gives_up_ends_as_cancelled()
    {
        using CancellationTokenSource giveUp = new();
        Inject(ProxyFault.HangAfter);
        Task<PutResult> put = _scene.Store.PutAsync(S3Scene.Key, S3Scene.Body("mine"), PutCondition.IfAbsent, giveUp.Token).AsTask();
        await _scene.Proxy.ArrivalAsync(request => request.IsConditionalPut);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
    }

    [SkippableFact]
    public async Task A_failed_condition_that_cannot_be_looked_into_is_unknown()
    {
        await _scene.Direct.PutAsync(S3Scene.Key, S3Scene.Body("theirs"), PutCondition.IfAbsent, default);
        // .NET itself sends requests without a body again when a connection turns out to be closed.
        _scene.Proxy.Inject(request => request.Method == "HEAD", ProxyFault.DropRequest, times: 10);
        Assert.Equal(PutOutcome.Unknown, (await _scene.PutAsync("mine")).Outcome);
    }

    [SkippableFact]
    public async Task A_failed_condition_on_what_is_gone_again_is_unknown()
    {
        Inject(ProxyFault.Answer(412, "PreconditionFailed", isForwarded: false));
        Assert.Equal(PutOutcome.Unknown, (await _scene.PutAsync("mine")).Outcome);
    }

    [SkippableFact]
    public async Task A_put_without_condition_is_unknown_until_a_second_try()
    {
        Inject(ProxyFault.DropResponse, times: 2);
        Assert.Equal(PutOutcome.Unknown, (await _scene.PutAsync("mine", PutCondition.None)).Outcome);
        Assert.Equal(PutOutcome.Written, (await RetryAsync("mine", PutCondition.None)).Outcome);
    }

    [SkippableFact]
    public async Task A_completed_upload_whose_answer_is_lost_is_known_to_be_written()
    {
        _scene.Proxy.Inject(request => request.Method == "POST" && request.Target.Contains("uploadId", StringComparison.Ordinal), ProxyFault.DropResponse, times: 2);
        await using IMultipartUpload first = await _scene.Store.StartMultipartAsync(S3Scene.Key, Guid.Empty, default);
        await first.UploadPartAsync(1, S3Scene.Body("mine"), default);
        Assert.Equal(PutOutcome.Written, (await first.CompleteAsync(PutCondition.IfAbsent, default)).Outcome);
        Assert.Equal("mine", await _scene.PresentAsync());

        await using IMultipartUpload second = await _scene.Store.StartMultipartAsync(S3Scene.Key, Guid.Empty, default);
        await second.UploadPartAsync(1, S3Scene.Body("theirs"), default);
        Assert.Equal(PutOutcome.ConditionFailed, (await second.CompleteAsync(PutCondition.IfAbsent, default)).Outcome);
        Assert.Equal("mine", await _scene.PresentAsync());
    }

    private void Inject(ProxyFault fault, int times = 1) => _scene.Proxy.Inject(request => request.Method == "PUT", fault, times);

    private Task<PutResult> RetryAsync(string body, PutCondition? condition = null)
        => _scene.Retrying().PutAsync(S3Scene.Key, S3Scene.Body(body), condition ?? PutCondition.IfAbsent, default).AsTask();
}
