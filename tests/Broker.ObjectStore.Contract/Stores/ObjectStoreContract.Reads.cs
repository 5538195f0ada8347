using System.Buffers;
using System.Text;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>Ranges, the caller's memory, and bodies of all sizes.</summary>
public abstract partial class ObjectStoreContract
{
    [SkippableFact]
    public async Task Get_of_ranges_follows_the_rules_of_http()
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("digits");
        await store.PutAsync(key, Body("0123456789"), PutCondition.None, default);
        async Task<string> Range(ByteRange range) => Encoding.UTF8.GetString((await store.GetAsync(key, range, default)).Span);

        Assert.Equal("0", await Range(new ByteRange(0, 1)));
        Assert.Equal("345", await Range(new ByteRange(3, 3)));
        Assert.Equal("89", await Range(new ByteRange(8, 100)));
        Assert.Equal("789", await Range(ByteRange.Suffix(3)));
        Assert.Equal("0123456789", await Range(ByteRange.Suffix(11)));
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(() => Range(new ByteRange(10, 1))));
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(() => Range(new ByteRange(1000, 5))));
    }

    [SkippableFact]
    public async Task Read_fills_the_callers_memory_piece_by_piece()
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("digits");
        await store.PutAsync(key, Body("0123456789"), PutCondition.None, default);
        async Task<string> Read(ByteRange range, params int[] pieces)
        {
            byte[] memory = Encoding.UTF8.GetBytes(new string('.', pieces.Sum() + 1));
            int at = 0;
            Memory<byte>[] destinations = [.. pieces.Select(length => memory.AsMemory((at += length) - length, length))];
            int bytes = await store.ReadAsync(key, range, destinations, default);
            return $"{bytes} {Encoding.UTF8.GetString(memory)}";
        }

        Assert.Equal("3 345.", await Read(new ByteRange(3, 3), 3));
        Assert.Equal("3 345...", await Read(new ByteRange(3, 3), 1, 1, 3));
        Assert.Equal("8 23456789.", await Read(new ByteRange(2, 8), 5, 0, 3));
        Assert.Equal("2 89.....", await Read(new ByteRange(8, 100), 4, 2));
        Assert.Equal("3 789.", await Read(ByteRange.Suffix(3), 2, 1));
        Assert.Equal("10 0123456789.", await Read(ByteRange.Suffix(11), 10));
        Assert.Equal("10 0123456789.", await Read(ByteRange.All, 7, 3));
    }

    [SkippableFact]
    public async Task Read_of_more_than_fits_or_of_what_is_not_there_is_refused()
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("digits");
        await store.PutAsync(key, Body("0123456789"), PutCondition.None, default);
        Memory<byte>[] destinations = [new byte[2], new byte[1]];
        Task<StorageErrorKind> KindAsync(ObjectKey of, ByteRange range) => KindOfAsync(async () => await store.ReadAsync(of, range, destinations, default));

        Assert.Equal(StorageErrorKind.Invalid, await KindAsync(key, new ByteRange(3, 4)));
        Assert.Equal(StorageErrorKind.Invalid, await KindAsync(key, ByteRange.All));
        Assert.Equal(StorageErrorKind.Invalid, await KindAsync(key, ByteRange.Suffix(4)));
        Assert.Equal(StorageErrorKind.Invalid, await KindAsync(key, new ByteRange(10, 1)));
        Assert.Equal(StorageErrorKind.NotFound, await KindAsync(new ObjectKey("none"), new ByteRange(0, 1)));
        Assert.Equal(2, await store.ReadAsync(key, new ByteRange(8, 4), destinations, default));
    }

    [SkippableFact]
    public async Task An_empty_object_is_an_object()
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("empty");
        await store.PutAsync(key, ReadOnlySequence<byte>.Empty, PutCondition.IfAbsent, default);
        Assert.Equal("", await ReadAsync(store, "empty"));
        Assert.Equal(0, await store.ReadAsync(key, ByteRange.All, [], default));
        Assert.Equal(0, (await store.HeadAsync(key, default))!.SizeBytes);
        Assert.Equal(["empty"], await ListAsync(store, ""));
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(async () => await store.GetAsync(key, new ByteRange(0, 1), default)));
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(async () => await store.GetAsync(key, ByteRange.Suffix(1), default)));
    }

    [SkippableFact]
    public async Task A_body_of_64_MiB_in_many_segments_comes_back_whole()
    {
        const int Size = 64 * 1024 * 1024;
        byte[] bytes = new byte[Size];
        new Random(7).NextBytes(bytes);
        IObjectStore store = OpenClient();
        await store.PutAsync(new ObjectKey("big"), Segments.Of(bytes, 1_000_003), PutCondition.IfAbsent, default);
        ReadOnlyMemory<byte> whole = await store.GetAsync(new ObjectKey("big"), ByteRange.All, default);
        Assert.True(bytes.AsSpan().SequenceEqual(whole.Span));
        Memory<byte>[] pieces = [.. Enumerable.Range(0, 1500).Select(_ => new byte[44_740])];
        Assert.Equal(Size, await store.ReadAsync(new ObjectKey("big"), ByteRange.All, pieces, default));
        Assert.True(bytes.AsSpan().SequenceEqual(pieces.SelectMany(piece => piece.ToArray()).Take(Size).ToArray()));
        ReadOnlyMemory<byte> end = await store.GetAsync(new ObjectKey("big"), ByteRange.Suffix(5), default);
        Assert.True(bytes.AsSpan(Size - 5).SequenceEqual(end.Span));
    }

    /// <summary>Sizes and ranges that end just before, at and after the units in which stores and disks work.</summary>
    [SkippableTheory]
    [InlineData(256 * 1024)]
    [InlineData((256 * 1024) - 64)]
    [InlineData((1024 * 1024) - 64)]
    [InlineData((1024 * 1024) - 63)]
    [InlineData((5 * 1024 * 1024) + 7)]
    public async Task Large_bodies_and_ranges_of_them_come_back_as_they_were_put(int size)
    {
        IObjectStore store = OpenClient();
        ObjectKey key = new("large");
        byte[] body = new byte[size];
        new Random(size).NextBytes(body);
        ReadOnlySequence<byte> pieces = Segments.Of(body, (size / 3) + 1);
        Assert.Equal(PutOutcome.Written, (await store.PutAsync(key, pieces, PutCondition.IfAbsent, default)).Outcome);

        Assert.Equal(body, (await OpenClient().GetAsync(key, ByteRange.All, default)).ToArray());
        foreach ((int from, int length) in new[] { (0, size), (1, size - 1), (4032, size - 4032), (4033, size - 5000), (size - 4097, 4097), (size / 2, size / 2) })
        {
            byte[] first = new byte[length / 3];
            byte[] second = new byte[length - first.Length];
            Assert.Equal(length, await store.ReadAsync(key, new ByteRange(from, length), [first, Memory<byte>.Empty, second], default));
            Assert.True(body.AsSpan(from, first.Length).SequenceEqual(first));
            Assert.True(body.AsSpan(from + first.Length, second.Length).SequenceEqual(second));
        }
    }
}
