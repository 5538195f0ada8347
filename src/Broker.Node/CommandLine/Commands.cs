using System.CommandLine;
using Broker.Node.CommandLine.Inspection;

namespace Broker.Node.CommandLine;

/// <summary>The commands of the executable, their arguments and their help.</summary>
internal static class Commands
{
    /// <summary>Parses and runs; without a command it is <c>start</c> with defaults. A command line that cannot be parsed ends like settings that cannot be used.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        Command start = NodeCommand.Of(
            "start",
            "Runs a broker until SIGTERM or SIGINT. Settings come from akka.hocon (section broker), the file, BROKER_* variables and overrides; later ones win.",
            [],
            (settings, _, _) => StartCommand.RunAsync(settings));
        Command check = NodeCommand.Of(
            "check",
            "Tries every operation that the broker needs on the configured object store, under keys of its own, and says what works and how long it takes.",
            [],
            (settings, _, ct) => StoreCheckCommand.RunAsync(settings.Options, ct));
        StoreCostCommand costs = new();
        Command cost = NodeCommand.Of(
            "cost",
            "Asks the running node what it has asked of its object store, and prints requests, bytes and dollars, at the prices given.",
            [],
            (settings, parsed, ct) => costs.RunAsync(settings.Options, parsed, ct));
        costs.AddTo(cost);
        StoreVerifyCommand verification = new();
        Command verify = NodeCommand.Of(
            "verify",
            "Reads everything that the metadata refer to, and says what is missing or damaged. Changes nothing; may run beside a broker.",
            [],
            (settings, parsed, ct) => verification.RunAsync(settings.Options, parsed, ct));
        verification.AddTo(verify);
        RootCommand root = new("A Kafka-compatible broker whose log lives in an object store.")
        {
            start,
            new Command("store", "What concerns the object store.") { check, cost, verify },
            ClusterCommands.Create(),
            ShardingCommands.Create(),
            TopicCommands.Create(),
            ObjectCommands.Create(),
            WalCommands.Create(),
            MetadataCommands.Create(),
            GroupCommands.Create(),
            ActorCommands.Create(),
        };
        root.SetAction((_, ct) => NodeCommand.RunAsync(null, [], (settings, _) => StartCommand.RunAsync(settings), ct));
        ParseResult parsed = root.Parse(arguments);
        int exitCode = await parsed.InvokeAsync();
        return parsed.Errors.Count > 0 ? ExitCodes.BadSettings : exitCode;
    }
}
