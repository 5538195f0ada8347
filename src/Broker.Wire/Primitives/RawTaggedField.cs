namespace Broker.Wire.Primitives;

/// <summary>A tagged field (KIP-482) that the schema does not know: its tag and its value as it came.</summary>
public readonly record struct RawTaggedField(uint Tag, byte[] Value);
