namespace Broker.ObjectStore;

/// <summary>
/// At what pace the body of a PUT goes out. It goes with the call, as <see cref="StorePurpose"/> does, to the store that sends the bytes: a PUT stays one
/// request however slowly its body goes. A store that has no network in between takes no notice.
/// </summary>
internal static class BodyPace
{
    private static readonly AsyncLocal<BytePace?> Named = new();

    /// <summary>Of the call that runs; null for none.</summary>
    internal static BytePace? Current => Named.Value;

    /// <summary>Names the pace of what follows in this asynchronous method, and in what it calls.</summary>
    internal static void Set(BytePace pace) => Named.Value = pace;
}
