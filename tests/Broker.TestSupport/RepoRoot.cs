namespace Broker.TestSupport;

/// <summary>The checkout that the running test assembly was built from.</summary>
public static class RepoRoot
{
    /// <summary>Full path of the folder that holds Broker.sln.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Broker.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"no Broker.sln above {AppContext.BaseDirectory}");
    }
}
