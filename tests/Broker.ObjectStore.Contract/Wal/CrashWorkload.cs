using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>Appends and trims of seeded sizes; knows what was acknowledged and trimmed.</summary>
internal sealed class CrashWorkload(SimulatedWalFileSystem files, int seed)
{
    private int _acknowledged;
    private int _attempted;
    private int _trimmed;

    public async Task RunAsync()
    {
        Random random = new(seed);
        try
        {
            DiskWal log = await DiskWalCrashTests.OpenAsync(files, seed);
            await DiskWalCrashTests.RecoverAsync(log);
            for (int i = 0; i < 45; i++)
            {
                await AppendSomeAsync(log, random);
                if (i % 5 == 4)
                {
                    int upTo = Math.Max(0, _acknowledged - 3);
                    _trimmed = Math.Max(_trimmed, upTo);
                    await log.TrimAsync(new WalPosition(upTo), CancellationToken.None);
                }
            }

            await log.DisposeAsync();
        }
        catch (Exception error) when (files.IsCrashed && error is StorageException or IOException)
        {
            return;
        }
    }

    public async Task RecoverAndGoOnAsync(int step)
    {
        Random random = new(step);
        try
        {
            DiskWal log = await DiskWalCrashTests.OpenAsync(files, seed + 1000 + step);
            List<int> recovered = await DiskWalCrashTests.RecoverAsync(log);
            int last = recovered.Count > 0 ? recovered[^1] : _trimmed;
            Assert.InRange(last, _acknowledged, Math.Max(_attempted, _acknowledged));
            Assert.Equal(Enumerable.Range(last - recovered.Count + 1, recovered.Count), recovered);
            Assert.True(recovered.Count == 0 || recovered[0] <= _trimmed + 1, $"lost records before {recovered.FirstOrDefault()} at step {step}");
            if (recovered.Count > 0)
            {
                _acknowledged = last;
            }

            for (int i = 0; i < 3; i++)
            {
                await AppendSomeAsync(log, random);
            }

            await log.DisposeAsync();
        }
        catch (Exception error) when (files.IsCrashed && error is StorageException or IOException)
        {
            return;
        }
    }

    private async Task AppendSomeAsync(DiskWal log, Random random)
    {
        int count = random.Next(1, 4);
        _attempted = Math.Max(_attempted, _acknowledged + count);
        await DiskWalCrashTests.AppendAsync(log, _acknowledged + 1, count, random.Next(10, 3000));
        _acknowledged += count;
    }
}
