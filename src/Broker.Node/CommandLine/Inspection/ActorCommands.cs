using System.CommandLine;
using System.Globalization;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker actor hierarchy</c>.</summary>
internal static class ActorCommands
{
    public static Command Create() => new("actor", "The actors that a node is made of.")
    {
        NodeQuestion.Get<ActorsReport>(
            "hierarchy",
            "The tree of the node's actors: their classes, the messages that wait for them, their children.",
            ActorRoutes.Hierarchy,
            Show,
            Particular.Option("--depth", "COUNT", ActorRoutes.Depth, string.Create(CultureInfo.InvariantCulture, $"How many generations, {ActorInspection.DefaultDepth} by default and {ActorInspection.MostDepth} at most.")),
            Particular.Option("--path", "PATH", ActorRoutes.Top, "The actor at the top, /user/connections for example; default: the root.")),
    };

    private static Sheet Show(ActorsReport report)
    {
        Sheet sheet = new Sheet().Tree(Branch(report.Root));
        return report.Complete ? sheet : sheet.Line($"There are more: the first {report.Shown} are shown. See less at a time by --depth and --path.");
    }

    private static SheetBranch Branch(ActorReport actor)
    {
        string waiting = actor.Waiting > 0 ? $", {actor.Waiting} waiting" : "";
        string hidden = actor.Children > actor.Actors.Count ? $", {actor.Children} children" : "";
        return new SheetBranch($"{actor.Name} ({actor.Type}{waiting}{hidden})", [.. actor.Actors.Select(Branch)]);
    }
}
