using System.Buffers.Binary;
using Broker.Actors.Cleaning;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>The map of a cleaning: right for any keys (H1), bounded for any number of them (H2).</summary>
public sealed class OffsetMapTests
{
    [Fact]
    public void Map_finds_the_greatest_offset_of_each_key_and_of_no_other_H1()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        Random random = new(4711);
        Dictionary<int, long> model = [];
        for (int i = 0; i < 50_000; i++)
        {
            (int key, long offset) = (random.Next(20_000), random.NextInt64(1L << 40));
            Assert.True(map.TryPut(Key(key), new Offset(offset)));
            model[key] = Math.Max(offset, model.GetValueOrDefault(key, -1));
        }

        Assert.Equal(model.Count, map.Count);
        for (int key = 0; key < 25_000; key++)
        {
            Assert.Equal(model.TryGetValue(key, out long expected) ? expected : null, map.Find(Key(key))?.Value);
        }
    }

    [Fact]
    public void Empty_key_and_the_first_offset_are_like_any_other()
    {
        using OffsetMap map = new(1 << 20, 0.9);

        Assert.Null(map.Find([]));
        Assert.True(map.TryPut([], Offset.Zero));
        Assert.Equal(Offset.Zero, map.Find([]));
    }

    [Theory]
    [InlineData(48, 0.9, 1)]
    [InlineData(4800, 0.5, 100)]
    [InlineData(1 << 20, 0.9, 39_321)]
    [InlineData((1 << 20) + 23, 1, 42_380)]
    public void Full_map_refuses_new_keys_and_takes_known_ones_H2(long maxBytes, double loadFactor, int maxKeys)
    {
        using OffsetMap map = new(maxBytes, loadFactor);
        for (int key = 0; key < maxKeys; key++)
        {
            Assert.True(map.TryPut(Key(key), new Offset(key)));
        }

        Assert.Equal((maxKeys, maxKeys), (map.Count, map.MaxKeys));
        Assert.False(map.TryPut(Key(maxKeys), new Offset(maxKeys)));
        Assert.Null(map.Find(Key(maxKeys)));
        Assert.Equal(new Offset(maxKeys - 1), map.Find(Key(maxKeys - 1)));
        Assert.True(map.TryPut(Key(0), new Offset(1_000_000)));
        Assert.Equal(new Offset(1_000_000), map.Find(Key(0)));
        Assert.True(map.SizeInBytes <= maxBytes);
    }

    [Fact]
    public void Few_keys_take_little_memory_of_a_large_bound()
    {
        using OffsetMap map = new(128 << 20, 0.9);
        for (int key = 0; key < 1000; key++)
        {
            Assert.True(map.TryPut(Key(key), new Offset(key)));
        }

        Assert.InRange(map.SizeInBytes, 1, 1 << 20);
        Assert.Equal(5_033_164, map.MaxKeys);
    }

    [Fact]
    public void Nothing_is_allocated_for_a_key()
    {
        using OffsetMap map = new(1 << 20, 0.9);
        byte[] key = Key(1);
        map.TryPut(key, Offset.Zero);
        map.Find(key);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(key, i);
            map.TryPut(key, new Offset(i));
            map.Find(key);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Disposed_map_holds_no_memory()
    {
        OffsetMap map = new(1 << 20, 0.9);

        map.Dispose();

        Assert.Equal(OffsetMap.EntryBytes, map.SizeInBytes);
    }

    private static byte[] Key(int number)
    {
        byte[] key = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(key, number);
        return key;
    }
}
