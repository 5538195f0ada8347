using Broker.Crash.FullDisk;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.S3;
using Broker.Wire;

namespace Broker.Crash;

/// <summary>A broker whose objects lie in an S3 bucket, on a real server: what it acknowledged is there after kill -9.</summary>
public sealed class BucketTests
{
    [SkippableFact]
    public async Task Acknowledged_records_are_there_after_kill_9_whether_uploaded_or_in_the_wal()
    {
        S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();
        await using BrokerUnderTest broker = new NodeBroker(
            $"object.store=s3://{bucket.Bucket}/cluster", $"s3.endpoint={bucket.Endpoint}", "s3.path.style=true", "object.store.upload.bytes=4194304", "object.store.upload.interval.ms=500");
        await broker.StartAsync();
        LargeBatches batches = await LargeBatches.CreateAsync(broker.Port);
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(ErrorCode.None, await batches.ProduceAsync(15));
            await broker.KillAsync();
            await broker.StartAsync();
            await batches.VerifyAsync();
        }

        Assert.Equal(0, await broker.StopAsync(TimeSpan.FromSeconds(20)));
        Assert.False(Directory.Exists(Path.Combine(broker.DataFolder, "objects")), "objects lie on the local disk");
    }
}
