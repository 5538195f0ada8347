using System.Buffers;
using System.Buffers.Binary;
using Broker.ObjectStore.Local;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>Bodies that say who wrote them and whether they are whole.</summary>
internal static class MarkedBody
{
    private const int HeaderBytes = 16;

    internal static byte[] Make(int writer, int number, int size)
    {
        byte[] body = new byte[HeaderBytes + size];
        BinaryPrimitives.WriteInt32LittleEndian(body, writer);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), number);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), size);
        body.AsSpan(HeaderBytes).Fill((byte)(writer + number));
        return body;
    }

    internal static (int Writer, int Number) Check(ReadOnlySpan<byte> body)
    {
        int writer = BinaryPrimitives.ReadInt32LittleEndian(body);
        int number = BinaryPrimitives.ReadInt32LittleEndian(body[4..]);
        Assert.Equal(body.Length - HeaderBytes, BinaryPrimitives.ReadInt64LittleEndian(body[8..]));
        Assert.Equal(-1, body[HeaderBytes..].IndexOfAnyExcept((byte)(writer + number)));
        return (writer, number);
    }
}

/// <summary>Writes without end, and prints each key with its number once it was told that it is written: root, writer, seed.</summary>
public sealed class LocalStoreHammer : IChildMode
{
    private const int OverwrittenKeys = 5;

    public async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        int writer = int.Parse(arguments[1]);
        Random random = new(int.Parse(arguments[2]));
        LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(arguments[0]));
        for (int number = 0; ; number++)
        {
            byte[] body = MarkedBody.Make(writer, number, random.Next(300_000));
            ObjectKey key = random.Next(3) == 0 ? new($"over/{number % OverwrittenKeys}") : new($"once/{writer}-{number}");
            bool isOnce = key.Value.StartsWith("once", StringComparison.Ordinal);
            PutCondition condition = isOnce ? PutCondition.IfAbsent : PutCondition.None;
            PutResult result = random.Next(4) == 0
                ? await PutInPartsAsync(store, key, body, condition)
                : await store.PutAsync(key, new ReadOnlySequence<byte>(body), condition, default);
            if (result.Outcome != PutOutcome.Written)
            {
                return 1;
            }

            Console.WriteLine($"{key} {number}");
        }
    }

    private static async Task<PutResult> PutInPartsAsync(LocalObjectStore store, ObjectKey key, byte[] body, PutCondition condition)
    {
        await using IMultipartUpload upload = await store.StartMultipartAsync(key, Guid.Empty, default);
        await upload.UploadPartAsync(1, new ReadOnlySequence<byte>(body), default);
        return await upload.CompleteAsync(condition, default);
    }
}

/// <summary>Creates the same keys as its rivals and prints those it won: root, writer, count.</summary>
public sealed class LocalStoreRacer : IChildMode
{
    public async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        int writer = int.Parse(arguments[1]);
        int count = int.Parse(arguments[2]);
        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(arguments[0]));
        Console.WriteLine("ready");
        Console.ReadLine();
        for (int number = 0; number < count; number++)
        {
            ReadOnlySequence<byte> body = new(MarkedBody.Make(writer, number, 1_000));
            PutResult result = await store.PutAsync(new ObjectKey($"race/{number}"), body, PutCondition.IfAbsent, default);
            if (result.Outcome == PutOutcome.Written)
            {
                Console.WriteLine(number);
            }
        }

        Console.WriteLine("done");
        return 0;
    }
}

/// <summary>Puts one object that does not fit, and prints what it was told: root, size.</summary>
public sealed class LocalStoreFiller : IChildMode
{
    public async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(arguments[0]));
        ReadOnlySequence<byte> body = new(new byte[int.Parse(arguments[1])]);
        try
        {
            await store.PutAsync(new ObjectKey("too/big"), body, PutCondition.IfAbsent, default);
            Console.WriteLine("written");
        }
        catch (StorageException error)
        {
            Console.WriteLine($"{error.Kind}: {error.Message}");
        }

        return 0;
    }
}
