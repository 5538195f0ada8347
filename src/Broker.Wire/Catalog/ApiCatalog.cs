using System.Collections.Immutable;

namespace Broker.Wire;

/// <summary>Every API with its versions and the headers that its messages carry.</summary>
public static partial class ApiCatalog
{
    /// <summary>The key of an API that only brokers before KRaft called; its version 0 had a header of its own.</summary>
    private const short ControlledShutdown = 7;

    private static readonly ApiVersionRange?[] ByKey = IndexByKey();

    /// <summary>All APIs in order of their keys.</summary>
    public static ImmutableArray<ApiVersionRange> All { get; } = [.. CreateTable()];

    /// <summary>Finds the versions of <paramref name="apiKey"/>; false when the schema has no such API.</summary>
    public static bool TryGet(ApiKey apiKey, out ApiVersionRange versions)
    {
        short key = (short)apiKey;
        ApiVersionRange? found = key >= 0 && key < ByKey.Length ? ByKey[key] : null;
        versions = found.GetValueOrDefault();
        return found.HasValue;
    }

    /// <summary>
    /// The version of the header that precedes such a request: 2 when the request is flexible, else 1. The version need
    /// not be a known one, so that the header of a request from the future can be read and answered.
    /// </summary>
    /// <exception cref="UnsupportedVersionException">The schema has no such API.</exception>
    public static short RequestHeaderVersion(ApiKey apiKey, short version)
    {
        if ((short)apiKey == ControlledShutdown && version == 0)
        {
            return 0;
        }

        return (short)(Find(apiKey).IsFlexible(version) ? 2 : 1);
    }

    /// <summary>
    /// The version of the header that precedes such a response: 1 when the response is flexible, else 0. Always 0 for
    /// ApiVersions, whose reader does not know yet what the broker speaks (KIP-511).
    /// </summary>
    /// <exception cref="UnsupportedVersionException">The schema has no such API.</exception>
    public static short ResponseHeaderVersion(ApiKey apiKey, short version) =>
        (short)(apiKey != ApiKey.ApiVersions && Find(apiKey).IsFlexible(version) ? 1 : 0);

    private static ApiVersionRange Find(ApiKey apiKey) =>
        TryGet(apiKey, out ApiVersionRange versions) ? versions : throw new UnsupportedVersionException(apiKey);

    private static ApiVersionRange?[] IndexByKey()
    {
        ApiVersionRange[] table = CreateTable();
        ApiVersionRange?[] byKey = new ApiVersionRange?[table.Max(api => (int)api.Key) + 1];
        foreach (ApiVersionRange api in table)
        {
            byKey[(int)api.Key] = api;
        }

        return byKey;
    }
}
