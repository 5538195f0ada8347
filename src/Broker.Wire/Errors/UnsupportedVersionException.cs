using System.Diagnostics.CodeAnalysis;

namespace Broker.Wire;

/// <summary>An API or a version of a message that the schema does not define.</summary>
public sealed class UnsupportedVersionException : ProtocolException
{
    /// <summary>The API is not defined at all.</summary>
    public UnsupportedVersionException(ApiKey apiKey)
        : base($"the API key {(short)apiKey} is not defined")
    {
    }

    /// <summary>The message is not defined in <paramref name="version"/>.</summary>
    public UnsupportedVersionException(string message, short version, short lowest, short highest)
        : base($"{message} has no version {version}; it has {lowest} to {highest}")
    {
    }

    /// <summary>Throws unless <paramref name="version"/> lies between the two, both included.</summary>
    public static void ThrowUnlessWithin(short version, short lowest, short highest, string message)
    {
        if (version < lowest || version > highest)
        {
            Throw(message, version, lowest, highest);
        }
    }

    [DoesNotReturn]
    private static void Throw(string message, short version, short lowest, short highest) =>
        throw new UnsupportedVersionException(message, version, lowest, highest);
}
