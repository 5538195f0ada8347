using System.Buffers;
using System.Text;
using Amazon.Runtime;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.S3;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>Reads and other requests of the S3 store under faults of the network and of the server's settings.</summary>
public sealed class S3FaultTests : IAsyncLifetime
{
    private const int Size = 300_000;

    private readonly byte[] _bytes = new byte[Size];
    private S3Scene _scene = null!;

    public async Task InitializeAsync()
    {
        _scene = await S3Scene.OpenAsync();
        new Random(5).NextBytes(_bytes);
        await _scene.Direct.PutAsync(S3Scene.Key, new(_bytes), PutCondition.None, default);
    }

    public async Task DisposeAsync()
    {
        if (_scene is not null)
        {
            await _scene.DisposeAsync();
        }
    }

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Size / 2)]
    [InlineData(Size - 1)]
    public async Task A_truncated_answer_is_never_taken_for_the_whole(int bodyBytes)
    {
        byte[] memory = new byte[Size];
        foreach (ByteRange range in new[] { ByteRange.All, new ByteRange(0, Size) })
        {
            Inject("GET", ProxyFault.TruncateResponse(bodyBytes), times: 3);
            await UnavailableAsync(async () => await _scene.Store.GetAsync(S3Scene.Key, range, default));
            await UnavailableAsync(async () => await _scene.Store.ReadAsync(S3Scene.Key, range, [memory], default));
            Assert.Equal(Size, await _scene.Retrying().ReadAsync(S3Scene.Key, range, [memory], default));
            Assert.True(_bytes.AsSpan().SequenceEqual(memory));
        }
    }

    // A connection costs a round trip, with TLS three, and CPU on both sides.
    [SkippableFact]
    public async Task Requests_one_after_the_other_share_a_connection()
    {
        for (int round = 0; round < 3; round++)
        {
            ObjectKey key = new($"log/new/{round}");
            await _scene.Store.PutAsync(key, S3Scene.Body("body"), PutCondition.IfAbsent, default);
            await _scene.Store.PutAsync(key, S3Scene.Body("other"), PutCondition.IfAbsent, default);
            await _scene.Store.GetAsync(key, ByteRange.All, default);
            await _scene.Store.HeadAsync(key, default);
            Assert.Null(await _scene.Store.HeadAsync(new ObjectKey("log/missing"), default));
            Assert.NotEmpty(await _scene.Store.ListAsync("log/", null, default).ToListAsync());
            await _scene.Store.DeleteAsync(key, default);
        }

        Assert.Equal(1, _scene.Proxy.ConnectionsAccepted);
    }

    [SkippableFact]
    public async Task Many_are_deleted_by_few_requests()
    {
        ObjectKey[] keys = await PutManyAsync(250);
        await _scene.Store.DeleteManyAsync(keys, default);
        Assert.Equal((3, 0), (_scene.Count("POST"), _scene.Count("DELETE")));
        Assert.Empty(await KeysAsync(_scene.Direct, "many/", null));
    }

    [SkippableTheory]
    [InlineData(501, "NotImplemented")]
    [InlineData(400, "InvalidRequest")]
    [InlineData(405, "MethodNotAllowed")]
    public async Task Many_are_deleted_one_by_one_where_a_server_cannot_delete_several(int status, string code)
    {
        ObjectKey[] keys = await PutManyAsync(120);
        Inject("POST", ProxyFault.Answer(status, code, isForwarded: false));
        await _scene.Store.DeleteManyAsync(keys, default);
        Assert.Empty(await KeysAsync(_scene.Direct, "many/", null));

        // It is asked once.
        Assert.Equal((1, 120), (_scene.Count("POST"), _scene.Count("DELETE")));
    }

    [SkippableTheory]
    [InlineData("many/0001 many/0003", "many/0000 many/0002 many/0004")]
    [InlineData("many/0001 unknown", "")]
    public async Task Those_of_many_that_a_server_refuses_are_deleted_one_by_one(string refused, string left)
    {
        ObjectKey[] keys = await PutManyAsync(5);
        string errors = string.Concat(refused.Split(' ').Select(key => $"<Error><Key>{key}</Key><Code>InternalError</Code><Message>injected</Message></Error>"));
        Inject("POST", ProxyFault.AnswerBody($"<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{errors}</DeleteResult>"));
        await _scene.Store.DeleteManyAsync(keys, default);

        // The server has not seen the request: what is gone was deleted by one of its own.
        Assert.Equal(left, string.Join(' ', await KeysAsync(_scene.Direct, "many/", null)));
    }

    [SkippableFact]
    public async Task Deletion_of_many_that_meets_a_fault_is_tried_again()
    {
        ObjectKey[] keys = await PutManyAsync(5);
        foreach (ProxyFault fault in new[] { ProxyFault.Answer(503, "SlowDown", isForwarded: false), ProxyFault.DropRequest, ProxyFault.DropResponse, ProxyFault.Answer(500, "InternalError", isForwarded: true) })
        {
            Inject("POST", fault);
            await UnavailableAsync(async () => await _scene.Store.DeleteManyAsync(keys, default));
            Inject("POST", fault);
            await _scene.Retrying().DeleteManyAsync(keys, default);
            Assert.Empty(await KeysAsync(_scene.Direct, "many/", null));
        }

        Assert.Equal(0, _scene.Count("DELETE"));
    }

    [SkippableFact]
    public async Task Body_that_is_paced_goes_out_at_its_pace_in_one_request()
    {
        const int Size = 4 << 20;
        ObjectKey key = new("log/paced");
        BytePace pace = new(() => 16 << 20, TimeProvider.System);
        long began = TimeProvider.System.GetTimestamp();

        await new PacedObjectStore(_scene.Store, pace).PutAsync(key, new ReadOnlySequence<byte>(new byte[Size]), PutCondition.IfAbsent, default);
        TimeSpan paced = TimeProvider.System.GetElapsedTime(began);

        // All but the last pieces are waited for: 250 ms.
        Assert.InRange(paced.TotalMilliseconds, 200, 20_000);
        Assert.Equal(Size, (await _scene.Direct.HeadAsync(key, default))!.SizeBytes);
        Assert.Single(_scene.Proxy.Requests, request => request.Target.Contains(key.Value, StringComparison.Ordinal));
        Assert.Null(BodyPace.Current);
    }

    [SkippableFact]
    public async Task Nothing_writes_to_the_callers_memory_after_a_cancelled_read()
    {
        for (int round = 0; round < 20; round++)
        {
            TaskCompletionSource stall = new();
            byte[] memory = new byte[Size];
            using CancellationTokenSource giveUp = new();
            int part = 1 + (round * Size / 21);
            Inject("GET", ProxyFault.StallResponse(part, stall.Task));
            Task<int> read = _scene.Store.ReadAsync(S3Scene.Key, ByteRange.All, [memory], giveUp.Token).AsTask();
            Assert.True(SpinWait.SpinUntil(() => memory[part - 1] == _bytes[part - 1], TimeSpan.FromSeconds(30)));
            await giveUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
            await RequireUntouchedAsync(memory, stall);
        }
    }

    [SkippableFact]
    public async Task A_body_that_stalls_is_given_up_in_time_and_written_no_more()
    {
        TaskCompletionSource stall = new();
        byte[] memory = new byte[Size];
        Inject("GET", ProxyFault.StallResponse(Size / 2, stall.Task));
        Task<int> read = _scene.Store.ReadAsync(S3Scene.Key, ByteRange.All, [memory], default).AsTask();
        Assert.True(SpinWait.SpinUntil(() => memory[(Size / 2) - 1] == _bytes[(Size / 2) - 1], TimeSpan.FromSeconds(30)));
        _scene.Time.Advance(TimeSpan.FromSeconds(16));
        await UnavailableAsync(() => read, "no answer within 15");
        await RequireUntouchedAsync(memory, stall);
    }

    [SkippableFact]
    public async Task An_answer_that_does_not_begin_in_time_is_Unavailable()
    {
        Inject("GET", ProxyFault.HangBefore);
        Task<ReadOnlyMemory<byte>> read = _scene.Store.GetAsync(S3Scene.Key, ByteRange.All, default).AsTask();
        await _scene.Proxy.ArrivalAsync(request => request.Method == "GET");
        _scene.Time.Advance(TimeSpan.FromSeconds(6));
        await UnavailableAsync(() => read, "no answer within 5 s");
    }

    [SkippableFact]
    public async Task Errors_of_the_server_are_Unavailable_and_ridden_out_by_retries()
    {
        foreach (ProxyFault fault in new[]
        {
            ProxyFault.Answer(500, "InternalError", isForwarded: false), ProxyFault.Answer(503, "SlowDown", isForwarded: false),
            ProxyFault.Answer(403, "AccessDenied", isForwarded: false), ProxyFault.Answer(404, "NoSuchBucket", isForwarded: false),
        })
        {
            RetryingObjectStore retrying = _scene.Retrying();
            Inject("GET", fault, times: 2);
            Assert.Equal(Size, (await retrying.GetAsync(S3Scene.Key, ByteRange.All, default)).Length);
            Inject("DELETE", fault, times: 2);
            await retrying.DeleteAsync(new ObjectKey("other"), default);
            Inject("GET", fault, times: 2);
            List<ObjectInfo> listed = [];
            await foreach (ObjectInfo info in retrying.ListAsync("", null, default))
            {
                listed.Add(info);
            }

            Assert.Equal(S3Scene.Key, Assert.Single(listed).Key);
        }
    }

    [SkippableFact]
    public async Task A_missing_bucket_is_Unavailable_and_named_with_what_to_do()
        => await EverythingIsUnavailableAsync(_scene.Open(_scene.Options with { Bucket = "no-such-bucket" }), "'no-such-bucket'", "Make the bucket");

    [SkippableFact]
    public async Task Denied_access_is_Unavailable_and_says_what_to_check()
        => await EverythingIsUnavailableAsync(
            _scene.Open(_scene.Options, new BasicAWSCredentials("broker-test", "not the secret")), _scene.Options.Bucket, "Check the credentials");

    [SkippableFact]
    public async Task A_server_that_refuses_connections_is_Unavailable()
    {
        Uri nobody = new($"http://127.0.0.1:{FreePort.Take()}");
        await EverythingIsUnavailableAsync(_scene.Open(_scene.Options with { Endpoint = nobody }), nobody.ToString(), "cannot be reached");
    }

    [SkippableFact]
    public async Task A_server_whose_name_is_unknown_is_Unavailable()
        => await EverythingIsUnavailableAsync(_scene.Open(_scene.Options with { Endpoint = new Uri("http://no-such-host.invalid") }), "no-such-host.invalid", "cannot be reached");

    [SkippableFact]
    public async Task Missing_credentials_are_Unavailable()
        => await EverythingIsUnavailableAsync(_scene.Open(_scene.Options, new NoCredentials()), _scene.Options.Bucket, "no credentials");

    [SkippableFact]
    public async Task A_prefix_keeps_stores_in_one_bucket_apart()
    {
        S3ObjectStore left = _scene.Open(_scene.Options with { Prefix = "cluster/left" });
        S3ObjectStore right = _scene.Open(_scene.Options with { Prefix = "cluster/right" });
        await left.PutAsync(new ObjectKey("a/1"), S3Scene.Body("left"), PutCondition.IfAbsent, default);
        await right.PutAsync(new ObjectKey("a/1"), S3Scene.Body("right"), PutCondition.IfAbsent, default);
        await right.PutAsync(new ObjectKey("a/2"), S3Scene.Body("right"), PutCondition.IfAbsent, default);
        Assert.Equal("left", Encoding.UTF8.GetString((await left.GetAsync(new ObjectKey("a/1"), ByteRange.All, default)).Span));
        Assert.Equal(["a/1"], await KeysAsync(left, "", null));
        Assert.Equal(["a/2"], await KeysAsync(right, "a/", "a/1"));
        Assert.Equal(["cluster/left/a/1", "cluster/right/a/1", "cluster/right/a/2", "log/7"], await KeysAsync(_scene.Direct, "", null));
        StorageException tooLong = await Assert.ThrowsAsync<StorageException>(async () => await left.HeadAsync(new ObjectKey(new string('k', 1020)), default));
        Assert.Equal(StorageErrorKind.Invalid, tooLong.Kind);
    }

    private static async Task<List<string>> KeysAsync(S3ObjectStore store, string prefix, string? startAfter)
    {
        List<string> keys = [];
        await foreach (ObjectInfo info in store.ListAsync(prefix, startAfter, default))
        {
            keys.Add(info.Key.Value);
        }

        return keys;
    }

    private static async Task UnavailableAsync(Func<Task> request, params string[] says)
    {
        StorageException error = await Assert.ThrowsAnyAsync<StorageException>(request);
        Assert.True(error.Kind == StorageErrorKind.Unavailable, $"{error.Kind}: {error}");
        Assert.All(says, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private static async Task EverythingIsUnavailableAsync(S3ObjectStore store, params string[] says)
    {
        await UnavailableAsync(async () => await store.PutAsync(S3Scene.Key, S3Scene.Body("x"), PutCondition.IfAbsent, default), says);
        await UnavailableAsync(async () => await store.PutAsync(S3Scene.Key, S3Scene.Body("x"), PutCondition.None, default), says);
        await UnavailableAsync(async () => await store.GetAsync(S3Scene.Key, ByteRange.All, default), says);
        await UnavailableAsync(async () => await store.HeadAsync(S3Scene.Key, default), says);
        await UnavailableAsync(() => KeysAsync(store, "", null), says);
        await UnavailableAsync(async () => await store.DeleteAsync(S3Scene.Key, default), says);
        await UnavailableAsync(async () => await store.DeleteManyAsync([S3Scene.Key, new ObjectKey("log/8")], default), says);
        await UnavailableAsync(async () => await store.StartMultipartAsync(S3Scene.Key, Guid.Empty, default), says);
    }

    /// <summary>Lets what is left of the answer come, and the memory have another owner, and reads on.</summary>
    private async Task RequireUntouchedAsync(byte[] memory, TaskCompletionSource stall)
    {
        memory.AsSpan().Fill(0xEE);
        stall.SetResult();
        byte[] other = new byte[Size];
        for (int i = 0; i < 3; i++)
        {
            await _scene.Store.ReadAsync(S3Scene.Key, ByteRange.All, [other], default);
        }

        Assert.Equal(-1, memory.AsSpan().IndexOfAnyExcept((byte)0xEE));
    }

    private async Task<ObjectKey[]> PutManyAsync(int count)
    {
        ObjectKey[] keys = [.. Enumerable.Range(0, count).Select(i => new ObjectKey($"many/{i:D4}"))];
        foreach (ObjectKey key in keys)
        {
            await _scene.Direct.PutAsync(key, S3Scene.Body("x"), PutCondition.None, default);
        }

        return keys;
    }

    private void Inject(string method, ProxyFault fault, int times = 1) => _scene.Proxy.Inject(request => request.Method == method, fault, times);

    private sealed class NoCredentials : AWSCredentials
    {
        public override ImmutableCredentials GetCredentials() => throw new AmazonClientException("nothing in the chain");
    }
}
