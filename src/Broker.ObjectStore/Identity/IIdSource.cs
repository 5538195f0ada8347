using System.Security.Cryptography;

namespace Broker.ObjectStore;

/// <summary>Where unique ids come from. Injected, so that a simulation replays by its seed. Implementations are thread-safe.</summary>
public interface IIdSource
{
    /// <summary>An id that no other call anywhere has returned (128 bits; never <see cref="Guid.Empty"/>).</summary>
    Guid Next();
}

/// <summary>Ids from the operating system's randomness: the source of a real node.</summary>
public sealed class SystemIdSource : IIdSource
{
    public Guid Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return IdBits.ToVersion4(bytes);
    }
}

/// <summary>Ids that repeat with the seed: the source of a simulation.</summary>
public sealed class SeededIdSource(int seed) : IIdSource
{
    private readonly Random _random = new(seed);

    public Guid Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_random)
        {
            _random.NextBytes(bytes);
        }

        return IdBits.ToVersion4(bytes);
    }
}

internal static class IdBits
{
    /// <summary>Sets the version and variant bits (RFC 9562, section 5.4).</summary>
    internal static Guid ToVersion4(Span<byte> bytes)
    {
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
