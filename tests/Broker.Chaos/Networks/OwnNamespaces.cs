using System.Diagnostics;
using Broker.TestSupport.Processes;

namespace Broker.Chaos.Networks;

/// <summary>
/// Runs this program again in namespaces of its own: a network that is nobody else's, and process ids, so that whatever it starts ends with it, however it ends. The host's network is
/// not touched. Root may do so; others may where the machine lets them have user namespaces.
/// </summary>
internal static class OwnNamespaces
{
    private const string Marker = "CHAOS_NAMESPACES";
    private static readonly string[] Common = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
    private static readonly string[][] Ways = [Common, ["--user", "--map-root-user", .. Common]];

    /// <summary>Whether this process runs in them already.</summary>
    public static bool AreHere => Environment.GetEnvironmentVariable(Marker) == "1";

    /// <summary>The arguments of <c>unshare</c> that work here, or why none do.</summary>
    public static async Task<(IReadOnlyList<string>? Arguments, string WhyNot)> ProbeAsync()
    {
        string reason = "";
        foreach (string[] way in Ways)
        {
            try
            {
                // All that the network will do, once and small.
                ToolRun probe = await ToolRun.RunAsync("unshare", [.. way, "sh", "-c", "ip link add probe type bridge && ip link add probe1 type veth peer name probe2 && unshare --net nsenter --net=/proc/self/ns/net true"]);
                if (probe.ExitCode == 0)
                {
                    return (way, "");
                }

                reason = string.Join(' ', probe.Errors);
            }
            catch (System.ComponentModel.Win32Exception missing)
            {
                reason = missing.Message;
            }
        }

        return (null, $"no network namespaces here: {reason}");
    }

    /// <summary>Runs this program with the same arguments in there, its output going where this one's goes; returns its exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> unshare, string[] args)
    {
        ProcessStartInfo start = new("unshare", [.. unshare, Environment.ProcessPath!, .. Itself, .. args]) { RedirectStandardInput = true };
        start.Environment[Marker] = "1";
        using Process inside = Process.Start(start) ?? throw new InvalidOperationException("unshare did not start");
        await inside.WaitForExitAsync();
        return inside.ExitCode;
    }

    /// <summary>Ends this process, and with it all in its namespaces, when the one that started it is gone: its end of standard input is closed then.</summary>
    public static async Task EndWithStarterAsync()
    {
        await Console.OpenStandardInput().CopyToAsync(Stream.Null);
        Environment.Exit(3);
    }

    // Started by the dotnet host, the program is the host's first argument; else it is the process itself.
    private static string[] Itself => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(OwnNamespaces).Assembly.Location] : [];
}
