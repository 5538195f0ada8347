using Broker.TestSupport.Processes;

namespace Broker.TestSupport.Brokers;

/// <summary>
/// Apache Kafka, one node, with the settings it ships with: what a test is tried on before it judges our broker.
/// Needs <c>KAFKA_TOOLS</c>.
/// </summary>
public sealed class ApacheKafkaBroker : BrokerUnderTest
{
    private readonly string _launcher = KafkaTools.Launcher;
    private readonly int _controllerPort = FreePort.Take();

    public ApacheKafkaBroker()
        : base("apache-kafka")
    {
    }

    /// <summary>A JVM that ends by SIGTERM says so, as shells do: 128 + 15.</summary>
    public override int GracefulExitCode => 143;

    private string Properties => Path.Combine(Folder, "server.properties");

    protected override async Task PrepareAsync()
    {
        await File.WriteAllTextAsync(Properties, $"""
            process.roles=broker,controller
            node.id=1
            controller.quorum.bootstrap.servers=127.0.0.1:{_controllerPort}
            listeners=PLAINTEXT://127.0.0.1:{Port},CONTROLLER://127.0.0.1:{_controllerPort}
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
            log.dirs={DataFolder}
            offsets.topic.replication.factor=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            group.initial.rebalance.delay.ms=0

            """);
        if (!File.Exists(Path.Combine(DataFolder, "meta.properties")))
        {
            // A cluster id is any 16 bytes in base64; this one is nobody's.
            string[] format = ["kafka-storage", "format", "--standalone", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", Properties];
            (await ToolRun.RunAsync(_launcher, format)).MustSucceed();
        }
    }

    protected override ChildProcess Launch(TextWriter log) =>
        ChildProcess.Start(_launcher, ["kafka-server-start", Properties], log: log);
}
