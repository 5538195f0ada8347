using System.Collections.Concurrent;
using Akka.Coordination;

namespace Akka.ClusterBehaviour;

/// <summary>Two nodes, of which the one stays that gets a lease.</summary>
public sealed class LeaseMajorityTests : ClusterTest
{
    private static string Config(string leaseName) => $$"""
        akka.cluster.split-brain-resolver {
          active-strategy = lease-majority
          lease-majority {
            lease-implementation = "test-lease"
            lease-name = "{{leaseName}}"
            acquire-lease-delay-for-minority = 1s
          }
        }
        test-lease {
          lease-class = "{{typeof(InMemoryLease).AssemblyQualifiedName}}"
          heartbeat-timeout = 120s
          heartbeat-interval = 12s
          lease-operation-timeout = 5s
        }
        """;

    [Fact]
    public async Task One_of_two_stays_in_a_partition()
    {
        TestNode[] nodes = await StartClusterAsync(2, Config(nameof(One_of_two_stays_in_a_partition)));
        nodes[0].Cut(nodes[1]);

        await Task.WhenAny(nodes.Select(node => node.System.WhenTerminated)).WaitAsync(Eventually.Default);

        TestNode[] staying = [.. nodes.Where(node => !node.System.WhenTerminated.IsCompleted)];
        Assert.Single(staying);
        await AllSeeAsync(staying, staying);
        Assert.Equal($"{TestNode.SystemName}@{staying[0].Host}:{staying[0].Port}", InMemoryLease.HolderOf(nameof(One_of_two_stays_in_a_partition)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Whichever_of_two_is_killed_the_other_stays(int killed)
    {
        TestNode[] nodes = await StartClusterAsync(2, Config(nameof(Whichever_of_two_is_killed_the_other_stays) + killed));
        TestNode staying = nodes[1 - killed];

        await nodes[killed].KillAsync(staying);

        await AllSeeAsync([staying], [staying]);
    }

    [Fact]
    public async Task Node_ends_when_another_holds_the_lease()
    {
        const string LeaseName = nameof(Node_ends_when_another_holds_the_lease);
        TestNode[] nodes = await StartClusterAsync(2, Config(LeaseName));
        InMemoryLease.Give(LeaseName, "someone else");

        await nodes[1].KillAsync(nodes[0]);

        await nodes[0].System.WhenTerminated.WaitAsync(Eventually.Default);
    }

    /// <summary>A lease for the systems of one process, by its name.</summary>
    public sealed class InMemoryLease : Lease
    {
        private static readonly ConcurrentDictionary<string, string> Holders = new();

        public InMemoryLease(LeaseSettings settings)
            : base(settings)
        {
        }

        public static string? HolderOf(string leaseName) => Holders.GetValueOrDefault(leaseName);

        public static void Give(string leaseName, string owner) => Holders[leaseName] = owner;

        public override Task<bool> Acquire() =>
            Task.FromResult(Holders.GetOrAdd(Settings.LeaseName, Settings.OwnerName) == Settings.OwnerName);

        public override Task<bool> Acquire(Action<Exception> leaseLostCallback) => Acquire();

        public override Task<bool> Release() =>
            Task.FromResult(Holders.TryRemove(KeyValuePair.Create(Settings.LeaseName, Settings.OwnerName)));

        public override bool CheckLease() => HolderOf(Settings.LeaseName) == Settings.OwnerName;
    }
}
