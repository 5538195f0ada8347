namespace Broker.Node.Management.Admin;

/// <summary>What <c>broker cluster-sharding</c> asks.</summary>
internal static class ShardingRoutes
{
    public const string Regions = "/cluster-sharding/regions";
    public const string Shards = "/cluster-sharding/shards";
    public const string Stats = "/cluster-sharding/stats";

    public static IReadOnlyList<AdminRoute> All { get; } =
    [
        AdminRoute.GetAsync(Regions, request => request.Node.Sharding.RegionsAsync()),
        AdminRoute.GetAsync(Shards, request => request.Node.Sharding.ShardsAsync()),
        AdminRoute.GetAsync(Stats, request => request.Node.Sharding.StatsAsync()),
    ];
}
