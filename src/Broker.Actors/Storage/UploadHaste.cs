namespace Broker.Actors.Storage;

/// <summary>Whether somebody waits for uploads: they go as fast as the store takes them then, and not at their pace. Thread-safe.</summary>
internal sealed class UploadHaste
{
    private volatile bool _isWanted;

    public bool IsWanted
    {
        get => _isWanted;
        set => _isWanted = value;
    }
}
