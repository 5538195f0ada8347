namespace Broker.Interop;

/// <summary>Names of topics and groups that no other test and no earlier run has used.</summary>
internal static class Names
{
    public static string Fresh(string what) => $"{what}-{Guid.NewGuid():N}";
}
