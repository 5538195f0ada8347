namespace Akka;

/// <summary>Says that something has completed, where there is no value to tell.</summary>
public sealed class Done
{
    public static readonly Done Instance = new();

    private Done()
    {
    }

    public override string ToString() => "Done";
}
