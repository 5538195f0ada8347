namespace Broker.Wire;

/// <summary>A field holds a value that the chosen version of its message cannot carry, and that must not be dropped.</summary>
public sealed class UnsupportedFieldException(string message, string field, short version)
    : ProtocolException($"{message} version {version} cannot carry the value of '{field}'; leave it at its default or choose a version that has it")
{
    public string MessageName { get; } = message;

    public string FieldName { get; } = field;

    public short Version { get; } = version;
}
