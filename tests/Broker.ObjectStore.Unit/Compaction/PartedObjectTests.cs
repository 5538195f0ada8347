using Broker.ObjectStore.Compaction;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Compaction;

/// <summary>An object that takes more, or less, than was expected, is whole.</summary>
public sealed class PartedObjectTests
{
    private const int PartBytes = IMultipartUpload.MinPartBytes;
    private static readonly ObjectKey Key = new("data/one");
    private readonly InMemoryObjectStore _store = new();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 100_000)]
    [InlineData(50_000, 7000)]
    [InlineData(1000, PartBytes)]
    [InlineData(1000, (2 * PartBytes) + 1)]
    [InlineData(4L * PartBytes, (2 * PartBytes) + 1)]
    public async Task Object_is_what_was_written_whatever_was_expected(long expectedBytes, int sizeBytes)
    {
        byte[] content = new byte[sizeBytes];
        new Random(1).NextBytes(content);
        long paced = 0;
        await using PartedObject target = new(_store, Key, expectedBytes, PartBytes, (bytes, _) =>
        {
            paced += bytes;
            return Task.CompletedTask;
        });
        foreach (byte[] piece in content.Chunk(33_333))
        {
            await target.WriteAsync(piece, default);
        }

        await target.CompleteAsync(default);

        Assert.Equal(content, await _store.GetAsync(Key, ByteRange.All, default));
        Assert.Equal(sizeBytes, paced);
    }
}
