namespace Broker.Node.Management.Admin;

/// <summary>What <c>broker group</c> asks.</summary>
internal static class GroupRoutes
{
    public const string List = "/groups";
    public const string Describe = "/group";

    /// <summary>A group's name.</summary>
    public const string GroupId = "group";

    public static IReadOnlyList<AdminRoute> All { get; } =
    [
        AdminRoute.GetAsync(List, request => request.Node.Groups.ListAsync()),
        AdminRoute.GetAsync(Describe, request => request.Node.Groups.DescribeAsync(request.Need(GroupId))),
    ];
}
