namespace Akka.Configuration;

/// <summary>The defaults of every setting that is honoured.</summary>
internal static class ReferenceConfig
{
    public const string Text = """
        akka {
          # DEBUG, INFO, WARNING, ERROR or OFF; the second is for the time before the loggers run.
          loglevel = INFO
          stdout-loglevel = WARNING
          loggers = ["Akka.Event.DefaultLogger"]
          logger-startup-timeout = 5s

          # How many dead letters are logged: a number, on or off.
          log-dead-letters = 10
          log-dead-letters-during-shutdown = off

          actor {
            # local, remote or cluster; the others need their assemblies, which bring settings of their own.
            provider = local
            guardian-supervisor-strategy = "Akka.Actor.DefaultSupervisorStrategy"
            ask-timeout = infinite
            debug.unhandled = off

            # Names of serializers, the types they are for, and identifiers of those that do not state their own.
            serializers {
              bytes = "Akka.Serialization.ByteArraySerializer, Akka"
            }
            serialization-bindings {
              "System.Byte[]" = bytes
            }
            serialization-identifiers {}

            default-dispatcher {
              # Dispatcher and TaskDispatcher run on the .NET thread pool, ForkJoinDispatcher on threads of its own.
              type = Dispatcher
              # Messages that an actor processes before it makes room for others.
              throughput = 30
            }

            # Runs actors in the SynchronizationContext that is current at its first use.
            synchronized-dispatcher {
              type = SynchronizedDispatcher
              throughput = 10
            }
          }

          scheduler.implementation = "Akka.Actor.DeadlineScheduler"

          coordinated-shutdown {
            default-phase-timeout = 5s
            terminate-actor-system = on
            run-by-actor-system-terminate = on
            phases {
              before-service-unbind {}
              service-unbind.depends-on = [before-service-unbind]
              service-requests-done.depends-on = [service-unbind]
              service-stop.depends-on = [service-requests-done]
              before-cluster-shutdown.depends-on = [service-stop]
              cluster-sharding-shutdown-region {
                timeout = 10s
                depends-on = [before-cluster-shutdown]
              }
              cluster-leave.depends-on = [cluster-sharding-shutdown-region]
              cluster-exiting {
                timeout = 10s
                depends-on = [cluster-leave]
              }
              cluster-exiting-done.depends-on = [cluster-exiting]
              cluster-shutdown.depends-on = [cluster-exiting-done]
              before-actor-system-terminate.depends-on = [cluster-shutdown]
              actor-system-terminate {
                timeout = 10s
                depends-on = [before-actor-system-terminate]
              }
            }
          }
        }
        """;
}
