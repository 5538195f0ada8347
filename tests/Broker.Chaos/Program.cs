using Broker.Chaos.Networks;
using Broker.Chaos.Runs;
using Broker.TestSupport;

if (args is not ["run", ..])
{
    await Console.Error.WriteLineAsync($"this is a test assembly; run it with 'dotnet test', or: {ChaosOptions.Usage}");
    return 2;
}

ChaosOptions options = ChaosOptions.Parse(args[1..]);
string? whyNoCuts = null;
if (OwnNamespaces.AreHere)
{
    _ = OwnNamespaces.EndWithStarterAsync();
}
else
{
    (IReadOnlyList<string>? unshare, whyNoCuts) = await OwnNamespaces.ProbeAsync();
    if (unshare is not null)
    {
        return await OwnNamespaces.RunAsync(unshare, args);
    }
}

string folder = Directory.CreateDirectory(Path.Combine(RepoRoot.Path, "artifacts", "chaos", $"{options.Seed}-{Guid.NewGuid():N}")).FullName;
bool isGood = await new ChaosRun(options, whyNoCuts, folder, Console.Out.WriteLine).RunAsync();
if (isGood && Environment.GetEnvironmentVariable("BROKER_TESTS_KEEP") != "1")
{
    Directory.Delete(folder, recursive: true);
}

return isGood ? 0 : 1;
