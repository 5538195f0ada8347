namespace Broker.Actors.Configuration;

/// <summary>What the write-ahead log can ever take by one append. What is larger has to be refused before it gets offsets, however empty the log is.</summary>
/// <param name="AppendBytes">Of the records, with the overhead of each.</param>
/// <param name="RecordOverheadBytes">What the log writes beside each record batch.</param>
/// <param name="Setting">What bounds it.</param>
public readonly record struct WalAppendBound(long AppendBytes, int RecordOverheadBytes, string Setting)
{
    /// <summary>The largest record batch.</summary>
    public long BatchBytes => AppendBytes - RecordOverheadBytes;
}
