using System.Diagnostics;
using System.Reflection;

namespace Broker.ObjectStore.Contract;

/// <summary>
/// What a second process of a test does. <c>dotnet Broker.ObjectStore.Contract.dll [mode] [arguments]</c> runs the implementation
/// whose type has the mode's name; it talks to its parent by lines on standard output and input.
/// </summary>
public interface IChildMode
{
    /// <summary>Runs until done or killed; the result is the exit code.</summary>
    Task<int> RunAsync(IReadOnlyList<string> arguments);
}

/// <summary>Starts and finds child modes.</summary>
public static class ChildMode
{
    /// <summary>Runs the mode that the command line names.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        Type? type = args.Length == 0
            ? null
            : Assembly.GetExecutingAssembly().GetTypes().FirstOrDefault(
                candidate => candidate.Name == args[0] && candidate.IsAssignableTo(typeof(IChildMode)));
        if (type is null)
        {
            await Console.Error.WriteLineAsync("this is a test assembly; run it with 'dotnet test'");
            return 2;
        }

        IChildMode mode = (IChildMode)Activator.CreateInstance(type)!;
        return await mode.RunAsync(args[1..]);
    }

    /// <summary>A started process in mode <typeparamref name="TMode"/> with redirected standard input and output.</summary>
    public static Process Start<TMode>(params string[] arguments)
        where TMode : IChildMode
    {
        ProcessStartInfo start = new(DotnetHost) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (string argument in CommandLine<TMode>(arguments).Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException("the child process did not start");
    }

    /// <summary>The command line of <see cref="Start{TMode}"/>, to be run by a shell that first changes its limits.</summary>
    public static IReadOnlyList<string> CommandLine<TMode>(params string[] arguments)
        where TMode : IChildMode
        => [DotnetHost, typeof(ChildMode).Assembly.Location, typeof(TMode).Name, .. arguments];

    private static string DotnetHost =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet";
}
