using Broker.Crash.FullDisk;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.S3;
using Broker.Wire;

namespace Broker.Crash;

/// <summary>
/// A broker is started while its store does not serve it. What passes is waited for: a store out of reach, a disk without a free byte. What somebody must set right
/// ends the start, with a message that says what.
/// </summary>
public sealed class StartWithoutStoreTests
{
    private const int DiskMegabytes = 420;

    /// <summary>A start that is refused takes some seconds, one that waits asks every two; the rest is for a machine that is busy.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public async Task Broker_that_finds_no_free_byte_on_its_disk_waits_and_serves_all_it_acknowledged_when_there_is_room()
    {
        await using BrokerUnderTest broker = new NodeBroker() { IsInItsFolder = true };
        await using SmallDisk disk = await SmallDisk.MountAsync(broker.DataFolder, DiskMegabytes);
        await broker.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(10));
        await broker.KillAsync();

        // A file that the WAL had ready is given back, and the broker starts in its place; the next time there is none.
        disk.FillToTheLastByte("ballast");
        await broker.StartAsync();
        await broker.KillAsync();
        disk.FillToTheLastByte("more");
        Assert.Equal(0, disk.AvailableBytes);

        await broker.LaunchAsync();
        await broker.WaitForOutputAsync("Waiting for the store", Patience);
        broker.MustBeRunning();
        disk.Remove("ballast");
        disk.Remove("more");
        await broker.WaitUntilReadyAsync();

        Assert.Single(broker.Output, line => line.Contains("Waiting for the store", StringComparison.Ordinal));
        await batches.VerifyAsync();
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(5));
        await batches.VerifyAsync();
    }

    [SkippableTheory]
    [InlineData("disk")]
    [InlineData("bucket")]
    public async Task Broker_whose_bucket_does_not_serve_waits_telling_each_reason_once_and_serves_when_it_is_back(string walKind)
    {
        S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();
        await using FaultProxy proxy = new(bucket.Endpoint!);
        await using BrokerUnderTest broker = OnBucket(bucket.Bucket, proxy.Endpoint, walKind);
        await broker.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(3));
        await broker.KillAsync();

        // Two tries for each reason.
        int before = proxy.Requests.Count;
        proxy.Inject(_ => true, ProxyFault.Answer(500, "InternalError", isForwarded: false), times: 2);
        proxy.Inject(_ => true, ProxyFault.Answer(503, "ServiceUnavailable", isForwarded: false), times: 2);
        await broker.LaunchAsync();
        await broker.WaitUntilReadyAsync();

        Assert.True(proxy.Requests.Count - before > 4);
        string[] waiting = [.. broker.Output.Where(line => line.Contains("Waiting for the store", StringComparison.Ordinal))];
        Assert.True(waiting.Length == 2, string.Join('\n', broker.Output));
        Assert.Contains("500 InternalError", waiting[0], StringComparison.Ordinal);
        Assert.Contains("503 ServiceUnavailable", waiting[1], StringComparison.Ordinal);
        await batches.VerifyAsync();
    }

    [SkippableTheory]
    [InlineData("disk")]
    [InlineData("bucket")]
    public async Task Broker_that_loses_the_store_in_the_middle_of_its_start_begins_again(string walKind)
    {
        S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();
        await using FaultProxy proxy = new(bucket.Endpoint!);
        await using BrokerUnderTest broker = OnBucket(bucket.Bucket, proxy.Endpoint, walKind);

        // No PUT takes effect, so the start gets as far as its first one, more than once.
        bool isRefusing = true;
        proxy.Inject(request => isRefusing && request.Method == "PUT", ProxyFault.Answer(403, "AccessDenied", isForwarded: false), times: 2);
        await broker.LaunchAsync();
        await broker.WaitUntilReadyAsync();
        isRefusing = false;

        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);
        Assert.Equal(ErrorCode.None, await batches.ProduceAsync(3));
        await batches.VerifyAsync();
    }

    [SkippableFact]
    public async Task Broker_that_waits_for_its_store_ends_with_0_on_SIGTERM()
    {
        await using BrokerUnderTest broker = OnBucket("some-bucket", new Uri($"http://127.0.0.1:{FreePort.Take()}"), "bucket");
        await broker.LaunchAsync();
        await broker.WaitForOutputAsync("Waiting for the store", Patience);

        Assert.Equal(0, await broker.StopAsync(Patience));
    }

    [SkippableFact]
    public async Task Broker_that_is_stuck_in_a_request_of_its_start_ends_with_0_on_SIGTERM()
    {
        S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();
        await using FaultProxy proxy = new(bucket.Endpoint!);
        proxy.Inject(request => request.Method == "PUT", ProxyFault.HangBefore, times: int.MaxValue);
        await using BrokerUnderTest broker = OnBucket(bucket.Bucket, proxy.Endpoint, "bucket");
        await broker.LaunchAsync();
        await proxy.ArrivalAsync(request => request.Method == "PUT");

        Assert.Equal(0, await broker.StopAsync(TimeSpan.FromSeconds(10)));
    }

    [SkippableFact]
    public async Task Bucket_that_does_not_exist_ends_the_start_with_1_and_a_message_that_names_it()
    {
        CephGateway gateway = await CephGateway.SharedAsync();

        await RefusesToStartAsync(OnBucket("no-such-bucket", gateway.Endpoint, "bucket"), "no-such-bucket", "object.store", "Make the bucket");
    }

    [SkippableTheory]
    [InlineData("AWS_SECRET_ACCESS_KEY", "wrong")]
    [InlineData("AWS_ACCESS_KEY_ID", "nobody")]
    public async Task Credentials_that_are_wrong_end_the_start_with_1_and_a_message_that_says_so(string variable, string value)
    {
        S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();

        await RefusesToStartAsync(
            OnBucket(bucket.Bucket, bucket.Endpoint!, "bucket", new Dictionary<string, string> { [variable] = value }),
            bucket.Bucket,
            "object.store",
            "Check the credentials");
    }

    [SkippableFact]
    public async Task Setting_that_the_server_refuses_ends_the_start_with_1_and_a_message_that_names_it()
    {
        S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();

        await RefusesToStartAsync(
            new NodeBroker($"object.store=s3://{bucket.Bucket}/cluster", $"s3.endpoint={bucket.Endpoint}", "s3.path.style=true", "s3.storage.class=NOPE"), "400", "s3.storage.class=NOPE");
    }

    private static async Task RefusesToStartAsync(NodeBroker broker, params string[] named)
    {
        await using (broker)
        {
            await broker.LaunchAsync();
            await broker.WaitForErrorAsync("broker: ", Patience);
            string message = Assert.Single(broker.Errors);
            Assert.Equal(1, await broker.WaitForExitAsync(Patience));
            Assert.All(named, part => Assert.Contains(part, message, StringComparison.Ordinal));
        }
    }

    private static NodeBroker OnBucket(string bucket, Uri endpoint, string walKind, IReadOnlyDictionary<string, string>? environment = null) =>
        new($"object.store=s3://{bucket}/cluster", $"s3.endpoint={endpoint}", "s3.path.style=true", $"wal.kind={walKind}")
        {
            Environment = environment ?? new Dictionary<string, string>(),
        };
}
