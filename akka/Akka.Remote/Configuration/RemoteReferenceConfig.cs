using Akka.Configuration;

namespace Akka.Remote;

/// <summary>The defaults of every setting of remoting that is honoured.</summary>
internal static class RemoteReferenceConfig
{
    public static readonly Config Default = ConfigurationFactory.ParseString("""
        akka {
          actor {
            serializers {
              akka-misc = "Akka.Remote.Serialization.MiscMessageSerializer, Akka.Remote"
              primitive = "Akka.Remote.Serialization.PrimitiveSerializers, Akka.Remote"
              akka-watch = "Akka.Remote.Serialization.WatchMessageSerializer, Akka.Remote"
            }
            serialization-bindings {
              "Akka.Actor.Identify, Akka" = akka-misc
              "Akka.Actor.ActorIdentity, Akka" = akka-misc
              "Akka.Actor.IActorRef, Akka" = akka-misc
              "Akka.Actor.PoisonPill, Akka" = akka-misc
              "Akka.Actor.Kill, Akka" = akka-misc
              "Akka.Actor.Status+Success, Akka" = akka-misc
              "Akka.Actor.Status+Failure, Akka" = akka-misc
              "Akka.Done, Akka" = akka-misc
              "Akka.Remote.Watch.IWatchMessage, Akka.Remote" = akka-watch
              "System.String" = primitive
              "System.Int32" = primitive
              "System.Int64" = primitive
            }
          }

          remote {
            # Received messages, and those to send, at DEBUG.
            log-received-messages = off
            log-sent-messages = off

            # How long the last messages have at the end of the system.
            flush-wait-on-shutdown = 2s

            # After a failed connection, messages are dropped for this long; after the first failures for less.
            retry-gate-closed-for = 5s

            # Messages that may wait for one other system; one more is dropped. The original has no bound here.
            outbound-message-queue-size = 50000

            # Watches of actors on systems that are not members of a cluster with this one.
            watch-failure-detector {
              implementation-class = "Akka.Remote.PhiAccrualFailureDetector, Akka.Remote"
              heartbeat-interval = 1s
              threshold = 10.0
              max-sample-size = 200
              min-std-deviation = 100ms
              acceptable-heartbeat-pause = 10s
              unreachable-nodes-reaper-interval = 1s
            }

            # A connection whose other side is silent for this long is given up: TCP alone would hold on for minutes.
            transport-failure-detector {
              heartbeat-interval = 1s
              acceptable-heartbeat-pause = 10s
            }

            dot-netty.tcp {
              # Where to listen; no host means all of them, port 0 any free one.
              hostname = ""
              port = 2552
              # What others are told to connect to, where that is another one.
              public-hostname = ""
              public-port = 0
              connection-timeout = 15s
              # The longest message; a longer one is dropped by its sender, and ends the connection of a receiver.
              maximum-frame-size = 128000b
              send-buffer-size = 256000b
              receive-buffer-size = 256000b
              backlog = 4096
              tcp-nodelay = on
            }
          }
        }
        """);
}
