namespace Broker.TestSupport;

/// <summary>
/// What a test needs from the machine. A missing tool skips the test and says so; where
/// <c>BROKER_TESTS_REQUIRE_TOOLS=1</c> is set (<c>make test</c>, CI) it fails instead.
/// </summary>
public static class Requirement
{
    private static bool ToolsAreRequired => Environment.GetEnvironmentVariable("BROKER_TESTS_REQUIRE_TOOLS") == "1";

    /// <summary>The full path of <paramref name="tool"/>, looked up on PATH.</summary>
    public static string Tool(string tool)
    {
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, tool))
            .FirstOrDefault(File.Exists);
        Need(path is not null, $"the tool '{tool}' is not on PATH; 'make test' installs it");
        return path!;
    }

    /// <summary>The value of an environment variable that names optional material; the test skips without it, always.</summary>
    public static string OptionalFolder(string variable)
    {
        string? path = Environment.GetEnvironmentVariable(variable);
        Skip.If(string.IsNullOrEmpty(path), $"{variable} is not set");
        return path!;
    }

    /// <summary>Skips (or fails, where tools are required) unless <paramref name="present"/>.</summary>
    public static void Need(bool present, string whatIsMissing)
    {
        if (present)
        {
            return;
        }

        Assert.False(ToolsAreRequired, whatIsMissing);
        Skip.If(true, whatIsMissing);
    }
}
