using System.Globalization;

namespace Broker.ObjectStore;

/// <summary>
/// The names of a conditional log's objects: <c>[prefix]/[slot, 19 digits]</c> and <c>[prefix]/boundary</c>. Slots are not spread over
/// prefixes: finding the tail is one listing that way, and one log stays far below what S3 takes per prefix (3,500 PUTs
/// a second). Where there are many logs, their prefixes are spread by whoever names them.
/// </summary>
internal sealed class LogKeys(string prefix)
{
    private const int SlotDigits = 19;

    internal string Prefix { get; } = prefix;

    internal string ListPrefix { get; } = prefix + "/";

    internal ObjectKey Boundary { get; } = new(prefix + "/boundary");

    internal ObjectKey Slot(long slot) => new(SlotText(slot));

    /// <summary>Where a listing starts so that <paramref name="slot"/> is its first slot.</summary>
    internal string? StartAfterFor(long slot) => slot == 0 ? null : SlotText(slot - 1);

    /// <summary>The slot that a key names; false for other objects of the log.</summary>
    internal bool TryParse(ObjectKey key, out long slot)
    {
        slot = 0;
        ReadOnlySpan<char> name = key.Value.AsSpan(ListPrefix.Length);
        return name.Length == SlotDigits && long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out slot);
    }

    private string SlotText(long slot) => ListPrefix + slot.ToString("D19", CultureInfo.InvariantCulture);
}
