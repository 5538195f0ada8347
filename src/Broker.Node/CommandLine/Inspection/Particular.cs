using System.CommandLine;

namespace Broker.Node.CommandLine.Inspection;

/// <summary>What a command says beyond its name, and how the node is told.</summary>
/// <param name="Symbol">The argument or option.</param>
/// <param name="QueryName">What it is called in the question.</param>
/// <param name="ValueOf">As it was given; null: it was not.</param>
internal sealed record Particular(Symbol Symbol, string QueryName, Func<ParseResult, string?> ValueOf)
{
    /// <summary>One that has to be given, by its place.</summary>
    public static Particular Argument(string name, string queryName, string description)
    {
        Argument<string> argument = new(name) { Description = description };
        NodeCommand.RefuseOptions(argument);
        return new Particular(argument, queryName, parsed => parsed.GetValue(argument));
    }

    /// <summary>One that may be given, by its name.</summary>
    public static Particular Option(string name, string helpName, string queryName, string description)
    {
        Option<string?> option = new(name) { Description = description, HelpName = helpName };
        return new Particular(option, queryName, parsed => parsed.GetValue(option));
    }
}
