using Broker.Interop.Clients;

namespace Broker.Interop;

/// <summary>Comparisons of what was sent with what arrived.</summary>
internal static class RecordAssert
{
    /// <summary>Each partition has exactly the records sent to it, in their order, at consecutive offsets.</summary>
    public static void Arrived(IReadOnlyList<SentRecord> sent, IReadOnlyList<ReceivedRecord> received)
    {
        Assert.Equal(sent.Count, received.Count);
        foreach (IGrouping<int, SentRecord> partition in sent.GroupBy(record => record.Partition))
        {
            ReceivedRecord[] there = [.. received.Where(record => record.Partition == partition.Key)];
            Assert.Equal(partition.Select(Content), there.Select(Content));
            Assert.Equal(
                Enumerable.Range(0, there.Length).Select(i => there[0].Offset + i), there.Select(record => record.Offset));
        }
    }

    private static string Content(SentRecord record) => Content(record.Key, record.Value, record.Headers);

    private static string Content(ReceivedRecord record) => Content(record.Key, record.Value, record.Headers);

    private static string Content(string? key, string? value, IReadOnlyList<string?[]> headers)
    {
        string headerText = string.Join(',', headers.Select(header => $"{header[0]}={header[1] ?? "null"}"));
        return $"{key ?? "null"}|{value ?? "null"}|{headerText}";
    }
}
