using Akka.Actor;
using Broker.ObjectStore;

namespace Broker.Actors.Inspection;

/// <summary>The tree of the node's actors, looked at from outside while they work. Thread-safe.</summary>
/// <param name="actors">The node's.</param>
/// <param name="node">This node.</param>
internal sealed class ActorInspection(ActorSystem actors, NodeId node)
{
    /// <summary>How deep a tree is shown where nothing is said: what a node is made of, and not each connection.</summary>
    public const int DefaultDepth = 3;

    /// <summary>As deep as is asked for at most; a JSON document may nest 64 deep, and an actor is two of that.</summary>
    public const int MostDepth = 25;

    // A megabyte or two of an answer; a node may have an actor for each of a hundred thousand connections and partitions.
    private const int MostActors = 10_000;

    /// <summary>The tree.</summary>
    /// <param name="path">Of the actor at its top, from the root: <c>/user/connections</c>; null: the root.</param>
    /// <param name="depth">How many generations below it, from 0 to <see cref="MostDepth"/>.</param>
    /// <exception cref="InspectionException">There is no such actor.</exception>
    public ActorsReport Hierarchy(string? path, int depth)
    {
        IActorRefProvider provider = ((ExtendedActorSystem)actors).Provider;
        ActorRefWithCell? top = provider.RootGuardianAt(provider.RootPath.Address) as ActorRefWithCell;
        foreach (string name in (path ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            top = top is null ? null : ChildrenOf(top).FirstOrDefault(child => child.Path.Name == name);
        }

        if (top is null)
        {
            throw new InspectionException(InspectionFailure.NotFound, $"there is no actor '{path}': 'broker actor hierarchy' shows those that there are");
        }

        int left = MostActors - 1;
        bool isComplete = true;
        ActorReport root = Describe(top, depth, ref left, ref isComplete);
        return new ActorsReport(node.Value, root, MostActors - left, isComplete);
    }

    private static ActorReport Describe(ActorRefWithCell actor, int depth, ref int left, ref bool isComplete)
    {
        ActorRefWithCell[] children = [.. ChildrenOf(actor).OrderBy(child => child.Path.Name, StringComparer.Ordinal)];
        List<ActorReport> shown = [];
        foreach (ActorRefWithCell child in depth > 0 ? children : [])
        {
            if (left == 0)
            {
                isComplete = false;
                break;
            }

            left--;
            shown.Add(Describe(child, depth - 1, ref left, ref isComplete));
        }

        ICell cell = actor.Underlying;
        return new ActorReport(actor.Path.Name, actor.Path.ToStringWithoutAddress(), cell.Props.Type.Name, cell.NumberOfMessages, children.Length, shown);
    }

    // What is no actor of this process has no cell: its children are not looked for.
    private static IEnumerable<ActorRefWithCell> ChildrenOf(ActorRefWithCell actor) => actor.Children.OfType<ActorRefWithCell>();
}
