using System.CommandLine;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker topic list|describe</c>.</summary>
internal static class TopicCommands
{
    public static Command Create() => new("topic", "Topics, their partitions, and what of them is uploaded.")
    {
        NodeQuestion.Get<TopicsReport>("list", "All topics.", MetadataRoutes.Topics, Show),
        NodeQuestion.Get<TopicReport>(
            "describe", "A topic's partitions: who leads them, and what is in objects.", MetadataRoutes.Topic, Show, Particular.Argument("NAME", MetadataRoutes.TopicName, "The topic.")),
    };

    private static Sheet Show(TopicsReport report) => new Sheet().Table(
        "There are no topics.",
        ["TOPIC", ">PARTITIONS", ">UPLOADED", ">BYTES", ">OBJECTS", "ID", "IS"],
        report.Topics.Select(topic => (string[])
        [
            topic.Name, Sheet.Number(topic.Partitions), Sheet.Number(topic.Offsets), Sheet.Number(topic.Bytes), Sheet.Number(topic.Objects), topic.TopicId.ToString(), Sheet.Mark(topic.Internal, "internal"),
        ]));

    private static Sheet Show(TopicReport report) => new Sheet()
        .Facts(
            ("topic", report.Name),
            ("id", report.TopicId.ToString()),
            ("internal", report.Internal ? "yes" : "no"),
            ("settings", report.Configs.Count == 0 ? "the broker's defaults" : string.Join(' ', report.Configs.Select(one => $"{one.Key}={one.Value}"))))
        .Table(
            "It has no partitions.",
            [">PARTITION", ">STREAM", ">LEADER", ">EPOCH", ">START", ">UPLOADED", ">WATERMARK", ">BYTES", ">OBJECTS", "WAL", "PENDING"],
            report.Partitions.Select(one => (string[])
            [
                Sheet.Number(one.Partition),
                Sheet.Number(one.Stream),
                one.Leader < 0 ? "nobody" : Sheet.Number(one.Leader),
                Sheet.Number(one.Epoch),
                Sheet.Number(one.StartOffset),
                Sheet.Number(one.UploadedEnd),
                one.HighWatermark is { } end ? Sheet.Number(end) : "-",
                Sheet.Number(one.Bytes),
                Sheet.Number(one.Objects),
                Short(one.Wal),
                string.Join(' ', one.PendingWals.Select(Short)),
            ]))
        .Line("A high watermark is known to the node that leads the partition: '-' elsewhere. Logs are named by their beginnings: 'wal list' has the whole.");

    // Enough to tell some logs apart, and to leave room for the rest of the row.
    private static string Short(string wal) => wal[..Math.Min(wal.Length, 8)];
}
