namespace Broker.TestSupport.Brokers;

/// <summary>
/// A fresh folder under the checkout's <c>artifacts/</c>: the same disk as the code, where the system's temporary
/// folder may be memory. It is deleted on disposal unless <c>BROKER_TESTS_KEEP=1</c>.
/// </summary>
public sealed class TempFolder : IDisposable
{
    public TempFolder(string name)
    {
        string parent = Directory.CreateDirectory(System.IO.Path.Combine(RepoRoot.Path, "artifacts", "runs")).FullName;
        Path = Directory.CreateDirectory(System.IO.Path.Combine(parent, $"{name}-{Guid.NewGuid():N}")).FullName;
    }

    public string Path { get; }

    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("BROKER_TESTS_KEEP") != "1")
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
