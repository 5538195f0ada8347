using Broker.Wire.Primitives;

namespace Broker.Wire;

/// <summary>Anything that the schema defines: a message, or a struct nested in one.</summary>
public interface IWireStruct
{
    /// <summary>The exact number of bytes that <see cref="Write"/> produces.</summary>
    /// <exception cref="UnsupportedFieldException">A field holds a value that <paramref name="version"/> cannot carry.</exception>
    int GetSize(short version);

    /// <summary>Writes this in <paramref name="version"/>.</summary>
    /// <exception cref="UnsupportedFieldException">A field holds a value that <paramref name="version"/> cannot carry.</exception>
    void Write(ref WireWriter writer, short version);
}

/// <summary>A whole message: a request or response body, a header, or a stored record.</summary>
public interface IKafkaMessage : IWireStruct;

/// <summary>The body of a request.</summary>
public interface IKafkaRequest : IKafkaMessage
{
    /// <summary>The API that it calls.</summary>
    ApiKey ApiKey { get; }
}

/// <summary>The body of a response.</summary>
public interface IKafkaResponse : IKafkaMessage
{
    /// <summary>The API that it answers.</summary>
    ApiKey ApiKey { get; }
}

/// <summary>What can be read from the wire.</summary>
public interface IReadable<T>
    where T : class, IReadable<T>
{
    /// <summary>Reads one <typeparamref name="T"/>; records and nothing else share the reader's memory.</summary>
    /// <exception cref="ProtocolException">The bytes are none, or the version is unknown.</exception>
    static abstract T Read(ref WireReader reader, short version);
}
