using Broker.Actors.Configuration;
using Broker.Node.Composition;
using Broker.ObjectStore;
using Broker.TestSupport.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Node.Unit.Composition;

/// <summary>Which failures of a start it tries again after, and which end it.</summary>
public sealed class StoreWaitTests
{
    private static readonly (string, string)[] Alone = [];
    private static readonly (string, string)[] OnBucket = [("object.store", "s3://bucket/cluster"), ("s3.region", "eu-central-1")];
    private static readonly (string, string)[] AmongOthers = [("cluster.address", "127.0.0.1:25520"), ("object.store", "file:/tmp/unused"), ("wal.kind", "bucket")];

    private readonly SteppedTime _time = new();
    private int _attempts;

    [Fact]
    public async Task Store_that_is_away_is_waited_for() =>
        Assert.Equal(2, await AttemptsAsync(OnBucket, StorageErrorKind.Unavailable));

    // Its old run was taken for dead while it started: it comes after that.
    [Fact]
    public async Task Start_that_is_overtaken_among_others_is_made_again() =>
        Assert.Equal(2, await AttemptsAsync(AmongOthers, StorageErrorKind.Fenced));

    // Another process has what it needs: it would take it back, and that one again.
    [Fact]
    public Task Start_that_is_overtaken_alone_ends() => EndsAsync(Alone, StorageErrorKind.Fenced);

    [Theory]
    [InlineData(StorageErrorKind.Invalid)]
    [InlineData(StorageErrorKind.Corrupt)]
    public async Task What_somebody_has_to_set_right_ends_the_start(StorageErrorKind kind)
    {
        await EndsAsync(OnBucket, kind);
        await EndsAsync(AmongOthers, kind);
    }

    // A gateway that is just coming up may deny once; a bucket whose rights are not there yet does so twice.
    [Fact]
    public async Task Store_that_denies_a_first_start_twice_ends_it_and_is_waited_for_by_a_process_that_has_served()
    {
        StoreDeniedException denied = new("access denied");

        Assert.Equal(2, await AttemptsAsync(AmongOthers, denied, failures: 1));
        _attempts = 0;
        await Assert.ThrowsAsync<StorageException>(() => AttemptsAsync(AmongOthers, denied, failures: 10));
        Assert.Equal(2, _attempts);

        _attempts = 0;
        Assert.Equal(11, await AttemptsAsync(AmongOthers, denied, failures: 10, hasServed: true));
    }

    private async Task EndsAsync((string, string)[] settings, StorageErrorKind kind)
    {
        _attempts = 0;
        StorageException end = await Assert.ThrowsAsync<StorageException>(() => AttemptsAsync(settings, kind));
        Assert.Equal((kind, 1), (end.Kind, _attempts));
    }

    private Task<int> AttemptsAsync((string, string)[] settings, StorageErrorKind kind) => AttemptsAsync(settings, new StorageException(kind, "as it is"), failures: 1);

    // So many attempts fail so, the next one succeeds.
    private async Task<int> AttemptsAsync((string, string)[] settings, StorageException failure, int failures, bool hasServed = false)
    {
        BrokerOptions options = BrokerOptions.From(BrokerSettings.From(settings.Select(one => new GivenSetting(one.Item1, one.Item2, SettingSource.Override, "test"))));
        Task<int> start = new StoreWait(options, _time, NullLogger.Instance, hasServed).UntilAsync(
            _ => ++_attempts <= failures ? Task.FromException<int>(failure) : Task.FromResult(_attempts),
            CancellationToken.None);
        while (!start.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        return await start;
    }
}
