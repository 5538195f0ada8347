using System.CommandLine;
using System.Globalization;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker object list|show</c>.</summary>
internal static class ObjectCommands
{
    public static Command Create() => new("object", "Objects in the store, as the metadata know them.")
    {
        NodeQuestion.Get<ObjectsReport>(
            "list",
            "Objects with records, the newest first.",
            MetadataRoutes.Objects,
            Show,
            Particular.Option("--topic", "NAME", MetadataRoutes.TopicName, "Only those with records of a topic."),
            Particular.Option("--limit", "COUNT", MetadataRoutes.Limit, string.Create(CultureInfo.InvariantCulture, $"How many, {MetadataRoutes.DefaultLimit} by default and {ObjectInspection.MostListed} at most."))),
        NodeQuestion.Get<ObjectReport>(
            "show", "What lies in an object.", MetadataRoutes.Object, Show, Particular.Argument("ID", MetadataRoutes.ObjectId, "The object's number, as 'object list' prints it.")),
    };

    private static Sheet Show(ObjectsReport report) => new Sheet()
        .Line($"{report.Count} objects, {report.Bytes} bytes{(report.Objects.Count < report.Count ? $"; the newest {report.Objects.Count} of them" : "")}")
        .Table(
            "No object.",
            [">ID", "KIND", ">BYTES", ">RANGES", "CREATED", "KEY"],
            report.Objects.Select(one => (string[])[Sheet.Number(one.Id), one.Kind, Sheet.Number(one.SizeBytes), Sheet.Number(one.Ranges), Sheet.Time(one.Created), one.Key]));

    private static Sheet Show(ObjectReport report) => new Sheet()
        .Facts(
            ("object", Sheet.Number(report.Id)),
            ("key", report.Key),
            ("kind", report.Kind.Length == 0 ? "unknown by now" : report.Kind),
            ("bytes", Sheet.Number(report.SizeBytes)),
            ("created", report.Created is { } created ? Sheet.Time(created) : "unknown by now"),
            ("deletable since", report.DeletableSince is { } since ? Sheet.Time(since) : "-"))
        .Table(
            "Nothing refers to it any more: it is deleted before long.",
            ["PARTITION", ">STREAM", ">FROM", ">TO", ">BYTES", ">EPOCH", ">MAX TIMESTAMP"],
            report.Ranges.Select(one => (string[])
            [
                $"{one.Topic}-{one.Partition}", Sheet.Number(one.Stream), Sheet.Number(one.BaseOffset), Sheet.Number(one.EndOffset), Sheet.Number(one.Bytes), Sheet.Number(one.Epoch), Sheet.Number(one.MaxTimestampMs),
            ]));
}
