using System.Buffers.Binary;
using System.Globalization;
using Broker.TestSupport;
using Broker.TestSupport.Processes;

namespace Broker.Chaos.Clocks;

/// <summary>Wall clocks of nodes that can be set while they run, by a few lines of C that are loaded before libc (clock_shim.c). They need a C compiler.</summary>
internal sealed class ShiftedClocks
{
    private readonly string _library;
    private readonly string _folder;

    private ShiftedClocks(string library, string folder) => (_library, _folder) = (library, folder);

    /// <summary>Null and the reason where there is no compiler.</summary>
    public static async Task<(ShiftedClocks? Clocks, string WhyNot)> CreateAsync(string folder)
    {
        string source = Path.Combine(RepoRoot.Path, "tests", "Broker.Chaos", "Clocks", "clock_shim.c");
        string library = Path.Combine(folder, "clock_shim.so");
        try
        {
            ToolRun built = await ToolRun.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-o", library, source]);
            return built.ExitCode == 0 ? (new ShiftedClocks(library, folder), "") : (null, string.Join(' ', built.Errors));
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return (null, $"no C compiler: {missing.Message}");
        }
    }

    /// <summary>What a node's process needs in its environment.</summary>
    public Dictionary<string, string> EnvironmentOf(int node)
    {
        if (!File.Exists(FileOf(node)))
        {
            Set(node, TimeSpan.Zero);
        }

        return new() { ["LD_PRELOAD"] = _library, ["CHAOS_CLOCK"] = FileOf(node) };
    }

    /// <summary>The node's clock shows so much more than the machine's from now on.</summary>
    public void Set(int node, TimeSpan ahead)
    {
        byte[] nanoseconds = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(nanoseconds, ahead.Ticks * 100);

        // In place, in one write: the process has it mapped.
        using FileStream file = new(FileOf(node), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        file.Write(nanoseconds);
    }

    private string FileOf(int node) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"clock-{node}"));
}
