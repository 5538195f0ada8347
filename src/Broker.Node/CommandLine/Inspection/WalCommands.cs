using System.CommandLine;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;

namespace Broker.Node.CommandLine.Inspection;

/// <summary><c>broker wal list</c>.</summary>
internal static class WalCommands
{
    public static Command Create() => new("wal", "Write-ahead logs that may hold what is not uploaded.")
    {
        NodeQuestion.Get<WalsReport>("list", "All of them: whose they are, where they lie, and who waits for what they hold.", MetadataRoutes.Wals, Show),
    };

    private static Sheet Show(WalsReport report)
    {
        Sheet sheet = new Sheet().Table(
            "No write-ahead log holds anything.",
            ["WAL", ">NODE", "FENCED", ">WRITTEN", ">WAITING", "SINCE", "HOST", "PATH"],
            report.Wals.Select(wal => (string[])
            [
                wal.Id, Sheet.Number(wal.NodeId), wal.Fenced ? "yes" : "no", Sheet.Number(wal.Written), Sheet.Number(wal.Waiting), Sheet.Time(wal.Since), wal.Host, wal.Path,
            ]));
        foreach (WalReport wal in report.Wals.Where(wal => wal.Waiting > 0))
        {
            sheet.Line($"For {wal.Id} wait {string.Join(", ", wal.WaitingPartitions)}{(wal.WaitingPartitions.Count < wal.Waiting ? $", and {wal.Waiting - wal.WaitingPartitions.Count} more" : "")}");
        }

        return sheet;
    }
}
