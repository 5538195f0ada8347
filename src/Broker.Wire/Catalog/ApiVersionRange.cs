namespace Broker.Wire;

/// <summary>Which versions of an API the schema defines. What a broker advertises is for the broker to decide.</summary>
/// <param name="Key">The API.</param>
/// <param name="Lowest">The first version.</param>
/// <param name="Highest">The last version.</param>
/// <param name="HighestStable">The last version that is not in flux at its origin.</param>
/// <param name="FirstFlexible">The first flexible version (KIP-482); <see cref="short.MaxValue"/> when there is none.</param>
public readonly record struct ApiVersionRange(ApiKey Key, short Lowest, short Highest, short HighestStable, short FirstFlexible)
{
    public bool Contains(short version) => version >= Lowest && version <= Highest;

    public bool IsFlexible(short version) => version >= FirstFlexible;
}
