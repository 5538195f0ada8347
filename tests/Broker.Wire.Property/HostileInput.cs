namespace Broker.Wire.Property;

/// <summary>Feeds hostile bytes and checks the two promises: only protocol errors escape, and allocation is bounded.</summary>
internal static class HostileInput
{
    /// <summary>
    /// What reading may allocate for each byte of input. The worst are structs of which two bytes on the wire (an empty
    /// string, no tags) become an object with a header, pointers and a slot in a list; nested ones hold lists of their own.
    /// </summary>
    public const int AllocatedPerByte = 64;

    /// <summary>What reading may allocate whatever the input: the exception with its stack trace.</summary>
    public const int AllocatedAtLeast = 32 * 1024;

    /// <summary>Runs <paramref name="read"/>; true when it ended in a value, false in a protocol error.</summary>
    public static bool Try(Action read, int inputBytes, Func<string> describe, int allowedBytes = 0)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool succeeded = true;
        try
        {
            read();
        }
        catch (ProtocolException)
        {
            succeeded = false;
        }
        catch (Exception problem)
        {
            throw new InvalidOperationException($"{describe()}: {problem.GetType().Name} escaped", problem);
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        long allowed = AllocatedAtLeast + ((long)AllocatedPerByte * inputBytes) + allowedBytes;
        Assert.True(allocated <= allowed, $"{describe()}: {allocated} bytes were allocated for {inputBytes}, and {allowed} are allowed");
        return succeeded;
    }
}
