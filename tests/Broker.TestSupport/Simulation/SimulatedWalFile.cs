using Broker.ObjectStore.Wal;

namespace Broker.TestSupport.Simulation;

/// <summary>An open file of a <see cref="SimulatedWalFileSystem"/>.</summary>
internal sealed class SimulatedWalFile(SimulatedWalFileSystem files, SimulatedWalFileSystem.Content content) : IWalFile
{
    public long LengthBytes => content.Bytes.Length;

    public int Read(long position, Span<byte> destination)
    {
        if (position >= content.Bytes.Length)
        {
            return 0;
        }

        int count = (int)Math.Min(destination.Length, content.Bytes.Length - position);
        content.Bytes.AsSpan((int)position, count).CopyTo(destination);
        return count;
    }

    public void Write(long position, IReadOnlyList<ReadOnlyMemory<byte>> parts)
    {
        byte[] all = [.. parts.SelectMany(part => part.ToArray())];
        if (files.NextStepCrashes || files.WritesFindDiskFull)
        {
            content.Write(position, all.AsSpan(0, all.Length / 2));
        }

        files.Step();
        if (files.WritesFindDiskFull)
        {
            throw new WalDiskFullException("the simulated disk is full");
        }

        files.CheckSpace(Math.Max(0, position + all.Length - content.Bytes.Length));
        content.Write(position, all);
    }

    public void SyncData()
    {
        files.Step();
        if (files.SyncFails)
        {
            content.LoseDirtiness();
            throw new IOException("the simulated disk failed to sync");
        }

        if (!files.SyncLies)
        {
            content.Sync();
        }
    }

    public void Dispose()
    {
    }
}
