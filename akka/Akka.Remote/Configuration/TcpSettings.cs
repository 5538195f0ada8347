using System.Net;
using Akka.Configuration;

namespace Akka.Remote;

/// <summary>The settings of remoting: <c>akka.remote</c> and <c>akka.remote.dot-netty.tcp</c>.</summary>
internal sealed class TcpSettings
{
    /// <exception cref="ConfigurationException">A value makes no sense.</exception>
    public TcpSettings(Config config)
    {
        Config remote = config.GetConfig("akka.remote");
        Config tcp = remote.GetConfig("dot-netty.tcp");
        Hostname = tcp.GetString("hostname");
        Port = tcp.GetInt("port");
        string publicHostname = tcp.GetString("public-hostname");
        PublicHostname = publicHostname.Length > 0 ? publicHostname : Hostname.Length > 0 ? Hostname : Dns.GetHostName();
        PublicPort = tcp.GetInt("public-port");
        ConnectionTimeout = tcp.GetTimeSpan("connection-timeout", allowInfinite: false);
        MaxFrameBytes = Bytes(tcp, "maximum-frame-size", minBytes: 32000);
        SendBufferBytes = Bytes(tcp, "send-buffer-size", minBytes: 0);
        ReceiveBufferBytes = Bytes(tcp, "receive-buffer-size", minBytes: 0);
        Backlog = tcp.GetInt("backlog");
        NoDelay = tcp.GetBoolean("tcp-nodelay");
        FlushWait = remote.GetTimeSpan("flush-wait-on-shutdown", allowInfinite: false);
        RetryGateClosedFor = remote.GetTimeSpan("retry-gate-closed-for", allowInfinite: false);
        QueueMessages = remote.GetInt("outbound-message-queue-size");
        HeartbeatInterval = remote.GetTimeSpan("transport-failure-detector.heartbeat-interval", allowInfinite: false);
        AcceptableHeartbeatPause = remote.GetTimeSpan("transport-failure-detector.acceptable-heartbeat-pause", allowInfinite: false);
        LogSent = remote.GetBoolean("log-sent-messages");
        LogReceived = remote.GetBoolean("log-received-messages");
        if (Port is < 0 or > ushort.MaxValue || QueueMessages < 1 || HeartbeatInterval <= TimeSpan.Zero || ConnectionTimeout <= TimeSpan.Zero)
        {
            throw new ConfigurationException(
                "akka.remote: the port must be 0 to 65535, outbound-message-queue-size at least 1, heartbeat-interval and connection-timeout more than nothing.");
        }
    }

    /// <summary>Where to listen; empty for all interfaces.</summary>
    public string Hostname { get; }

    public int Port { get; }

    public string PublicHostname { get; }

    /// <summary>0 for the port that is listened on.</summary>
    public int PublicPort { get; }

    public TimeSpan ConnectionTimeout { get; }

    public int MaxFrameBytes { get; }

    /// <summary>0 for the system's default.</summary>
    public int SendBufferBytes { get; }

    /// <summary>0 for the system's default.</summary>
    public int ReceiveBufferBytes { get; }

    public int Backlog { get; }

    public bool NoDelay { get; }

    public TimeSpan FlushWait { get; }

    public TimeSpan RetryGateClosedFor { get; }

    public int QueueMessages { get; }

    public TimeSpan HeartbeatInterval { get; }

    public TimeSpan AcceptableHeartbeatPause { get; }

    public bool LogSent { get; }

    public bool LogReceived { get; }

    private static int Bytes(Config tcp, string name, int minBytes)
    {
        long bytes = tcp.GetByteSize(name, null) ?? 0;
        return bytes >= minBytes && bytes <= int.MaxValue / 2
            ? (int)bytes
            : throw new ConfigurationException($"akka.remote.dot-netty.tcp.{name} must be {minBytes} bytes or more, not {bytes}.");
    }
}
