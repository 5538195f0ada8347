using Broker.Actors.Inspection;

namespace Broker.Node.Management.Admin;

/// <summary>What <c>broker actor</c> asks.</summary>
internal static class ActorRoutes
{
    public const string Hierarchy = "/actors";

    /// <summary>How many generations to show.</summary>
    public const string Depth = "depth";

    /// <summary>The actor at the top: its path.</summary>
    public const string Top = "path";

    public static IReadOnlyList<AdminRoute> All { get; } =
    [
        AdminRoute.Get(Hierarchy, request => request.Node.Actors.Hierarchy(request.Find(Top), request.Number(Depth, ActorInspection.DefaultDepth, 0, ActorInspection.MostDepth))),
    ];
}
