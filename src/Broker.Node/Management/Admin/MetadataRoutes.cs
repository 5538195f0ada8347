using Broker.Actors.Inspection;

namespace Broker.Node.Management.Admin;

/// <summary>What <c>broker metadata</c>, <c>broker topic</c>, <c>broker object</c> and <c>broker wal</c> ask.</summary>
internal static class MetadataRoutes
{
    public const string Show = "/metadata";
    public const string Topics = "/topics";
    public const string Topic = "/topic";
    public const string Objects = "/objects";
    public const string Object = "/object";
    public const string Wals = "/wals";

    /// <summary>A topic's name.</summary>
    public const string TopicName = "topic";

    /// <summary>An object's id.</summary>
    public const string ObjectId = "id";

    /// <summary>How many objects to list.</summary>
    public const string Limit = "limit";

    /// <summary>How many are listed where nothing is said.</summary>
    public const int DefaultLimit = 100;

    public static IReadOnlyList<AdminRoute> All { get; } =
    [
        AdminRoute.Get(Show, request => request.Node.Metadata.Show()),
        AdminRoute.Get(Wals, request => request.Node.Metadata.Wals()),
        AdminRoute.Get(Topics, request => request.Node.Topics.List()),
        AdminRoute.GetAsync(Topic, request => request.Node.Topics.DescribeAsync(request.Need(TopicName))),
        AdminRoute.Get(Objects, request => request.Node.Objects.List(request.Find(TopicName), request.Number(Limit, DefaultLimit, 1, ObjectInspection.MostListed))),
        AdminRoute.Get(Object, request => request.Node.Objects.Show(request.Need(ObjectId))),
    ];
}
