using System.Diagnostics;
using Broker.TestSupport;

namespace Broker.Wire.Property.Agreement;

/// <summary>Runs Agreement.java on the jars of an Apache Kafka; skips where <c>KAFKA_TOOLS</c> names none, or no JDK is there.</summary>
internal static class KafkaClasses
{
    public static string[] Run(IEnumerable<string> lines)
    {
        string tools = Requirement.OptionalFolder("KAFKA_TOOLS");
        string root = File.Exists(tools) ? Path.GetDirectoryName(Path.GetFullPath(tools))! : tools;
        string jars = Path.Combine(root, "libs");
        Skip.IfNot(Directory.Exists(jars), $"{jars} is not there");
        bool hasCompiler = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "javac")));
        Skip.IfNot(hasCompiler, "a JDK is needed to run a Java file, and there is no javac on PATH");

        DirectoryInfo folder = Directory.CreateTempSubdirectory("broker-wire-");
        try
        {
            string input = Path.Combine(folder.FullName, "in.txt");
            string output = Path.Combine(folder.FullName, "out.txt");
            File.WriteAllLines(input, lines);
            string program = Path.Combine(RepoRoot.Path, "tests", "Broker.Wire.Property", "Agreement", "Agreement.java");
            ProcessStartInfo start = new("java", ["-Xmx512m", "-cp", Path.Combine(jars, "*"), program, input, output])
            {
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, errors);
            return File.ReadAllLines(output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
