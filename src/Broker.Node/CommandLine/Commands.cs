using System.CommandLine;

namespace Broker.Node.CommandLine;

/// <summary>The commands of the executable, their arguments and their help.</summary>
internal static class Commands
{
    /// <summary>Parses and runs; without a command it is <c>start</c> with defaults. A command line that cannot be parsed ends like settings that cannot be used.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        RootCommand root = new("A Kafka-compatible broker whose log lives in an object store.");
        root.Subcommands.Add(Start());
        root.SetAction((_, _) => StartCommand.RunAsync(null, []));
        ParseResult parsed = root.Parse(arguments);
        int exitCode = await parsed.InvokeAsync();
        return parsed.Errors.Count > 0 ? ExitCodes.BadSettings : exitCode;
    }

    private static Command Start()
    {
        Argument<string?> properties = new("server.properties")
        {
            Description = "A Kafka node's settings file.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string[]> overrides = new("--override")
        {
            Description = "One setting, key=value, that wins over every other source. May be repeated.",
            HelpName = "key=value",
            Arity = ArgumentArity.OneOrMore,
        };
        Command start = new("start", "Runs a broker until SIGTERM or SIGINT. Settings come from akka.hocon (section broker), the file, BROKER_* variables and overrides; later ones win.")
        {
            properties,
            overrides,
        };
        start.SetAction((parsed, _) => StartCommand.RunAsync(parsed.GetValue(properties), parsed.GetValue(overrides) ?? []));
        return start;
    }
}
