using Akka.Cluster.SBR;
using Akka.Configuration;

namespace Akka.Cluster.Unit;

public sealed class ClusterSettingsTests
{
    [Theory]
    [InlineData("akka.cluster.seed-nodes = [\"127.0.0.1:2552\"]", "127.0.0.1:2552")]
    [InlineData("akka.cluster.seed-nodes = [\"akka.tcp://other@127.0.0.1:2552\"]", "akka.tcp://test@")]
    [InlineData("akka.cluster.downing-provider-class = \"No.Such.Type\"", "No.Such.Type")]
    [InlineData("akka.cluster.gossip-interval = 0s", "gossip-interval")]
    [InlineData("akka.cluster.min-nr-of-members = 0", "min-nr-of-members")]
    public void Setting_that_makes_no_sense_is_refused_by_name(string setting, string named)
    {
        ConfigurationException refusal = Assert.Throws<ConfigurationException>(() => new ClusterSettings(setting, "test"));

        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Time_that_is_off_is_none()
    {
        ClusterSettings settings = new("akka.cluster { retry-unsuccessful-join-after = off, shutdown-after-unsuccessful-join-seed-nodes = 20s }", "test");

        Assert.Null(settings.RetryUnsuccessfulJoinAfter);
        Assert.Equal(TimeSpan.FromSeconds(20), settings.ShutdownAfterUnsuccessfulJoinSeedNodes);
    }

    [Theory]
    [InlineData("on", "1s", 4000)]
    [InlineData("on", "20s", 15000)]
    [InlineData("off", "20s", 0)]
    [InlineData("7s", "20s", 7000)]
    public void All_is_given_up_after_three_quarters_of_the_stable_time_and_four_seconds_at_least(string setting, string stableAfter, int expectedMs) =>
        Assert.Equal(
            TimeSpan.FromMilliseconds(expectedMs),
            Resolver($"stable-after = {stableAfter}, down-all-when-unstable = {setting}").DownAllWhenUnstable);

    [Theory]
    [InlineData("active-strategy = keep-some, stable-after = 1s")]
    [InlineData("active-strategy = keep-majority, stable-after = 0s")]
    public void Resolver_that_can_not_be_is_refused(string settings) => Assert.Throws<ConfigurationException>(() => Resolver(settings));

    [Fact]
    public void Quorum_and_lease_have_to_be_given()
    {
        SplitBrainResolverSettings settings = Resolver("active-strategy = static-quorum");

        Assert.ThrowsAny<Exception>(() => settings.StaticQuorumSettings);
        Assert.Throws<ConfigurationException>(() => settings.LeaseMajoritySettings);
    }

    private static SplitBrainResolverSettings Resolver(string settings) => new(ConfigurationFactory
        .ParseString($"akka.cluster.split-brain-resolver {{ {settings} }}")
        .WithFallback(ClusterReferenceConfig.Default));
}
