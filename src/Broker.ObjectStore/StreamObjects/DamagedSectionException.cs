namespace Broker.ObjectStore.StreamObjects;

/// <summary>The index of a section is damaged or cut off, so that nothing of the section can be found. Which offsets it held, the metadata know.</summary>
public sealed class DamagedSectionException(string message, Exception inner) : StorageException(StorageErrorKind.Corrupt, message, inner);
