using Broker.TestSupport;

namespace Broker.Architecture;

/// <summary>The project's own source files.</summary>
internal static class SourceTree
{
    /// <summary>C# files below a folder of the repository, without generated and built ones; paths relative to the root.</summary>
    public static IEnumerable<string> Files(params string[] folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(RepoRoot.Path, folder), "*.cs", SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(RepoRoot.Path, path))
        .Where(path => !path.EndsWith(".g.cs", StringComparison.Ordinal) && !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(RepoRoot.Path, relativePath));
}
