using System.Net.Sockets;
using System.Runtime.InteropServices;
using Akka.Configuration;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Node.Composition;
using Broker.ObjectStore;
using Microsoft.Extensions.Logging;

namespace Broker.Node.CommandLine;

/// <summary><c>broker start [server.properties] [--override key=value]...</c>: runs a node until SIGTERM or SIGINT.</summary>
internal static class StartCommand
{
    // Long enough for a cluster that does not want this node not to be busy with it.
    private static readonly TimeSpan RejoinAfter = TimeSpan.FromSeconds(1);

    /// <summary>Runs to the end. Exit code 0 after a clean stop, 1 when the node could not start, or was fenced and is alone: among others it joins again.</summary>
    public static async Task<int> RunAsync(NodeSettings settings)
    {
        using ILoggerFactory loggers = Logging.Create(settings.Options.Settings);
        return await RunAsync(settings.Options, settings.Hocon, loggers);
    }

    private static async Task<int> RunAsync(BrokerOptions options, Config hocon, ILoggerFactory loggers)
    {
        ILogger log = loggers.CreateLogger("Broker.Node");
        if (options.Settings.InertNames() is { Count: > 0 } inert)
        {
            StartLog.InertSettings(log, string.Join(", ", inert));
        }

        if (options.ObjectStore.Bucket is null && options.Settings.GivenNames("s3.") is { Count: > 0 } unused)
        {
            StartLog.UnusedSettings(log, string.Join(", ", unused), options.ObjectStore.Description);
        }

        if (options.Settings.Int("message.max.bytes") is var maxMessageBytes && options.Storage.WalAppendBound is var wal && maxMessageBytes > wal.BatchBytes)
        {
            StartLog.BatchesBounded(log, maxMessageBytes, wal.BatchBytes, wal.Setting);
        }

        using NodeLifetime lifetime = new();
        using PosixSignalRegistration terminate = Register(PosixSignal.SIGTERM, lifetime);
        using PosixSignalRegistration interrupt = Register(PosixSignal.SIGINT, lifetime);
        try
        {
            // Not the process id, which is always 1 in a container: the salts of a WAL's segments must differ from one start to the next.
            SystemIdSource ids = new();
            StorageSources sources = new(TimeProvider.System, ids, new Random(ids.Next().GetHashCode()));
            for (bool hasServed = false; ; hasServed = true)
            {
                RunEnd end = await RunOnceAsync(() => BrokerNode.StartAsync(options, hocon, loggers, sources, lifetime, hasServed), options, lifetime.StopRequested, log);
                if (end is not { Fenced: { } reason })
                {
                    return Stopped(log, end.Loss);
                }

                if (options.Cluster is null)
                {
                    StartLog.Fenced(log, reason.Message);
                    return ExitCodes.CannotStart;
                }

                await Task.Delay(RejoinAfter, sources.Clock, lifetime.Stopping);
            }
        }
        catch (OperationCanceledException) when (lifetime.StopRequested.IsCompleted)
        {
            StartLog.Stopping(log);
            return Stopped(log, null);
        }
        catch (Exception cause) when (cause is StorageException or IOException or SocketException or SettingsException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"broker: {cause.Message}");
            return cause is SettingsException ? ExitCodes.BadSettings : ExitCodes.CannotStart;
        }
    }

    // Serves until it is to stop, or cannot any more.
    private static async Task<RunEnd> RunOnceAsync(Func<Task<BrokerNode>> start, BrokerOptions options, Task stop, ILogger log)
    {
        await using BrokerNode node = await start();
        await Console.Out.WriteLineAsync(Banner.Text(options, node.ManagementAddress));
        if (await Task.WhenAny(stop, node.Fenced) == node.Fenced)
        {
            Exception reason = await node.Fenced;
            if (options.Cluster is not null)
            {
                StartLog.JoinsAgain(log, reason.Message);
            }

            return new RunEnd(reason, null);
        }

        StartLog.Stopping(log);
        return new RunEnd(null, node.Loss);
    }

    private static int Stopped(ILogger log, StorageException? loss)
    {
        if (loss is not null)
        {
            StartLog.StoppedWithLoss(log, loss.Message);
        }
        else
        {
            StartLog.Stopped(log);
        }

        return ExitCodes.Success;
    }

    private static PosixSignalRegistration Register(PosixSignal signal, NodeLifetime lifetime) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            // The runtime would end the process; the node does, when it is done.
            context.Cancel = true;
            lifetime.Stop();
        });

    /// <param name="Fenced">Why the node could serve no longer; null: it was told to stop.</param>
    /// <param name="Loss">What was lost while it served (<see cref="BrokerNode.Loss"/>).</param>
    private sealed record RunEnd(Exception? Fenced, StorageException? Loss);
}

/// <summary>What the process's exit code says.</summary>
internal static class ExitCodes
{
    public const int Success = 0;
    public const int CannotStart = 1;
    public const int BadSettings = 2;
}

internal static partial class StartLog
{
    [LoggerMessage(EventId = 6101, EventName = "InertSettings", Level = LogLevel.Warning, Message = "These Kafka settings have no meaning here and are ignored: {Names}")]
    public static partial void InertSettings(ILogger log, string names);

    [LoggerMessage(EventId = 6109, EventName = "UnusedSettings", Level = LogLevel.Warning, Message = "These settings are not used: {Names}. Objects go to {Store}, as object.store decides: s3://BUCKET/PREFIX for a bucket")]
    public static partial void UnusedSettings(ILogger log, string names, string store);

    [LoggerMessage(EventId = 6110, EventName = "BatchesBounded", Level = LogLevel.Warning, Message = "message.max.bytes is {MaxMessageBytes}, but the write-ahead log takes no batch of more than {WalBatchBytes} bytes ({Setting}): larger ones are refused as too large")]
    public static partial void BatchesBounded(ILogger log, int maxMessageBytes, long walBatchBytes, string setting);

    [LoggerMessage(EventId = 6104, EventName = "Fenced", Level = LogLevel.Error, Message = "Another node has taken over; this one ends: {Reason}")]
    public static partial void Fenced(ILogger log, string reason);

    [LoggerMessage(EventId = 6114, EventName = "JoinsAgain", Level = LogLevel.Error, Message = "This node cannot serve any more: {Reason}. It starts anew and joins the cluster again")]
    public static partial void JoinsAgain(ILogger log, string reason);

    [LoggerMessage(EventId = 6102, EventName = "Stopping", Level = LogLevel.Information, Message = "Stopping")]
    public static partial void Stopping(ILogger log);

    [LoggerMessage(EventId = 6103, EventName = "Stopped", Level = LogLevel.Information, Message = "Stopped; everything acknowledged is in the object store or the write-ahead log")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(EventId = 6112, EventName = "StoppedWithLoss", Level = LogLevel.Error, Message = "Stopped; what was acknowledged before may be lost: {Reason}")]
    public static partial void StoppedWithLoss(ILogger log, string reason);
}
