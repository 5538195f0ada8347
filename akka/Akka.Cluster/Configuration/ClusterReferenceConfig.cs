using Akka.Configuration;

namespace Akka.Cluster;

/// <summary>The defaults of every setting of the cluster that is honoured.</summary>
internal static class ClusterReferenceConfig
{
    public static readonly Config Default = ConfigurationFactory.ParseString("""
        akka {
          actor {
            serializers {
              akka-cluster = "Akka.Cluster.Serialization.ClusterMessageSerializer, Akka.Cluster"
            }
            serialization-bindings {
              "Akka.Cluster.IClusterMessage, Akka.Cluster" = akka-cluster
            }
          }

          cluster {
            # Whom to ask for entry; the first one begins a new cluster when no other answers. Empty: join by code.
            seed-nodes = []
            # How long the first seed node waits for the others before it begins a cluster by itself.
            seed-node-timeout = 5s
            # After which an unanswered attempt is made again.
            retry-unsuccessful-join-after = 10s
            # After which a node that found no way in ends; off for never.
            shutdown-after-unsuccessful-join-seed-nodes = off

            roles = []
            # Members in a role before the first one becomes up: role.NAME.min-nr-of-members.
            role {}
            min-nr-of-members = 1
            app-version = "assembly-version"

            # The type that decides whether unreachable members are gone; empty: nobody does, but by code.
            downing-provider-class = ""
            # Runs coordinated shutdown on a node that was downed.
            run-coordinated-shutdown-when-down = on

            log-info = on
            log-info-verbose = off

            gossip-interval = 1s
            leader-actions-interval = 1s
            unreachable-nodes-reaper-interval = 1s
            periodic-tasks-initial-delay = 1s
            # The share of gossip that goes to nodes that are known not to have the newest.
            gossip-different-view-probability = 0.8
            # How long it is remembered that a node was removed.
            prune-gossip-tombstones-after = 24h
            # The dispatcher of the cluster's actors; empty for the default one.
            use-dispatcher = ""

            failure-detector {
              implementation-class = "Akka.Remote.PhiAccrualFailureDetector, Akka.Remote"
              heartbeat-interval = 1s
              threshold = 8.0
              max-sample-size = 1000
              min-std-deviation = 100ms
              acceptable-heartbeat-pause = 3s
              monitored-by-nr-of-members = 9
              # After which a node that never answered counts as one that has answered once.
              expected-response-after = 1s
              # A node whose port refuses connections for so long, and does not answer meanwhile, is unreachable, whatever its detector says yet.
              unreachable-when-refused-for = off
            }

            split-brain-resolver {
              # keep-majority, keep-oldest, static-quorum, lease-majority or down-all.
              active-strategy = keep-majority
              # How long members and reachability must have been the same.
              stable-after = 20s
              # How much longer it may go on changing before all is given up; on is three quarters of stable-after, 4 s at least.
              down-all-when-unstable = on
              static-quorum {
                quorum-size = undefined
                role = ""
              }
              keep-majority {
                role = ""
              }
              keep-oldest {
                down-if-alone = on
                role = ""
              }
              lease-majority {
                lease-implementation = ""
                lease-name = ""
                acquire-lease-delay-for-minority = 2s
                release-after = 40s
                role = ""
              }
            }
          }
        }
        """);
}
