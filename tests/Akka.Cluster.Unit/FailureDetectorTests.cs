using Akka.Remote;

namespace Akka.Cluster.Unit;

public sealed class FailureDetectorTests
{
    private long _nowMs = 1_000_000;

    [Fact]
    public void Silence_of_interval_and_pause_and_a_bit_makes_a_node_suspect()
    {
        PhiAccrualFailureDetector detector = Phi();
        for (int i = 0; i < 20; i++)
        {
            detector.HeartBeat();
            _nowMs += 300;
        }

        _nowMs += 800;
        Assert.True(detector.IsAvailable);
        _nowMs += 900;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Node_without_heartbeats_is_not_suspected()
    {
        PhiAccrualFailureDetector detector = Phi();
        _nowMs += 100_000;

        Assert.True(detector.IsAvailable);
        Assert.False(detector.IsMonitoring);
    }

    [Fact]
    public void Node_that_never_comes_back_after_its_first_heartbeat_becomes_suspect()
    {
        PhiAccrualFailureDetector detector = Phi();
        detector.HeartBeat();
        _nowMs += 2_500;

        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Node_that_is_back_is_not_suspected_and_its_pause_is_not_held_for_an_interval()
    {
        PhiAccrualFailureDetector detector = Phi();
        for (int i = 0; i < 20; i++)
        {
            detector.HeartBeat();
            _nowMs += 300;
        }

        _nowMs += 60_000;
        detector.HeartBeat();
        Assert.True(detector.IsAvailable);
        _nowMs += 2_000;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Suspicion_grows_with_the_silence()
    {
        PhiAccrualFailureDetector detector = Phi();
        detector.HeartBeat();
        double last = detector.Phi();
        for (int i = 0; i < 50; i++)
        {
            _nowMs += 50;
            Assert.True(detector.Phi() >= last);
            last = detector.Phi();
        }
    }

    [Fact]
    public void Deadline_is_interval_and_pause_after_the_last_heartbeat()
    {
        DeadlineFailureDetector detector = new(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(300), () => _nowMs);
        Assert.True(detector.IsAvailable);
        detector.HeartBeat();

        _nowMs += 1_299;
        Assert.True(detector.IsAvailable);
        _nowMs += 1;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Registry_forgets_what_is_removed()
    {
        DefaultFailureDetectorRegistry<string> registry = new(() => new DeadlineFailureDetector(TimeSpan.FromSeconds(1), () => _nowMs));
        registry.Heartbeat("a");
        _nowMs += 2_000;
        Assert.False(registry.IsAvailable("a"));

        registry.Remove("a");

        Assert.True(registry.IsAvailable("a"));
        Assert.False(registry.IsMonitoring("a"));
    }

    private PhiAccrualFailureDetector Phi() => new(
        8.0, 1000, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(300), () => _nowMs);
}
