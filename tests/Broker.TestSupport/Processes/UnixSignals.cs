using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Broker.TestSupport.Processes;

/// <summary>The POSIX signals that the tests send.</summary>
public enum Signal
{
    /// <summary>SIGINT: stop, as by Ctrl-C.</summary>
    Interrupt = 2,

    /// <summary>SIGKILL: die at once, with no chance to write anything more.</summary>
    Kill = 9,

    /// <summary>SIGTERM: stop gracefully.</summary>
    Terminate = 15,

    /// <summary>SIGCONT: go on after a <see cref="Stop"/>.</summary>
    Continue = 18,

    /// <summary>SIGSTOP: stand still, as a machine that hangs.</summary>
    Stop = 19,
}

internal static partial class UnixSignals
{
    /// <summary>ESRCH: the process has already gone, which is what a signal to end it wants.</summary>
    private const int NoSuchProcess = 3;

    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static void Send(int processId, Signal signal)
    {
        if (Kill(processId, (int)signal) != 0 && Marshal.GetLastPInvokeError() != NoSuchProcess)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
