namespace Broker.Node.Management.Admin;

/// <summary>What <c>broker cluster</c> asks.</summary>
internal static class ClusterRoutes
{
    public const string Show = "/cluster";
    public const string Leave = "/cluster/leave";
    public const string Down = "/cluster/down";
    public const string DownUnreachable = "/cluster/down-unreachable";
    public const string Join = "/cluster/join";

    /// <summary>The member that a command is about: <c>HOST:PORT</c>.</summary>
    public const string Address = "address";

    public static IReadOnlyList<AdminRoute> All { get; } =
    [
        AdminRoute.Get(Show, request => request.Node.Cluster.Show()),
        AdminRoute.PostAsync(Leave, request => request.Node.Cluster.LeaveAsync(request.Find(Address))),
        AdminRoute.Post(Down, request => request.Node.Cluster.Down(request.Need(Address))),
        AdminRoute.Post(DownUnreachable, request => request.Node.Cluster.DownUnreachable()),
        AdminRoute.Post(Join, request => request.Node.Cluster.Join(request.Need(Address))),
    ];
}
