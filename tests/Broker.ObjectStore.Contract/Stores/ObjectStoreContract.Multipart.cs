using System.Buffers;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>Objects that are written in parts.</summary>
public abstract partial class ObjectStoreContract
{
    [SkippableFact]
    public async Task Multipart_joins_parts_in_order_and_shows_nothing_before()
    {
        IObjectStore store = OpenClient();
        byte[] first = new byte[IMultipartUpload.MinPartBytes];
        new Random(3).NextBytes(first);
        Guid writeId = Guid.NewGuid();
        await using IMultipartUpload upload = await store.StartMultipartAsync(new ObjectKey("joined"), writeId, default);
        await upload.UploadPartAsync(7, Body("tail"), default);
        await upload.UploadPartAsync(2, Body("replaced"), default);
        await upload.UploadPartAsync(2, new ReadOnlySequence<byte>(first), default);
        Assert.Empty(await ListAsync(store, ""));
        PutResult result = await upload.CompleteAsync(PutCondition.IfAbsent, default);
        Assert.Equal(PutOutcome.Written, result.Outcome);
        byte[] whole = (await store.GetAsync(new ObjectKey("joined"), ByteRange.All, default)).ToArray();
        Assert.True(whole.AsSpan().SequenceEqual([.. first, .. "tail"u8]));
        Assert.Equal(writeId, (await store.HeadAsync(new ObjectKey("joined"), default))!.WriteId);
    }

    [SkippableFact]
    public async Task Multipart_honours_conditions_and_refuses_bad_parts()
    {
        IObjectStore store = OpenClient();
        await store.PutAsync(new ObjectKey("taken"), Body("old"), PutCondition.None, default);
        await using (IMultipartUpload upload = await store.StartMultipartAsync(new ObjectKey("taken"), Guid.Empty, default))
        {
            await upload.UploadPartAsync(1, Body("new"), default);
            Assert.Equal(PutOutcome.ConditionFailed, (await upload.CompleteAsync(PutCondition.IfAbsent, default)).Outcome);
        }

        Assert.Equal("old", await ReadAsync(store, "taken"));
        await using IMultipartUpload bad = await store.StartMultipartAsync(new ObjectKey("bad"), Guid.Empty, default);
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(async () => await bad.UploadPartAsync(0, Body("x"), default)));
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(async () => await bad.UploadPartAsync(10_001, Body("x"), default)));
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(async () => await bad.CompleteAsync(PutCondition.None, default)));
        await bad.UploadPartAsync(1, Body("small"), default);
        await bad.UploadPartAsync(2, Body("last"), default);
        Assert.Equal(StorageErrorKind.Invalid, await KindOfAsync(async () => await bad.CompleteAsync(PutCondition.None, default)));
        await bad.AbortAsync(default);
        await bad.AbortAsync(default);
        Assert.Null(await store.HeadAsync(new ObjectKey("bad"), default));
    }

    [SkippableFact]
    public async Task Abandoned_upload_is_aborted_by_another_client_and_others_go_on()
    {
        IObjectStore store = OpenClient();
        await using IMultipartUpload abandoned = await StartAsync(store, "data/abandoned");
        await using IMultipartUpload used = await StartAsync(store, "data/used");
        await using IMultipartUpload elsewhere = await StartAsync(store, "elsewhere");

        int aborted = await OpenClient().AbortUploadsAsync("data/", key => key.Value == "data/abandoned", default);
        Assert.Equal(RemovesPartsWhenOpened ? 0 : 1, aborted);
        if (!RemovesPartsWhenOpened)
        {
            Assert.NotEqual(PutOutcome.Written, await CompleteAsync(abandoned));
            Assert.Null(await store.HeadAsync(new ObjectKey("data/abandoned"), default));
        }

        Assert.Equal(PutOutcome.Written, await CompleteAsync(used));
        Assert.Equal(PutOutcome.Written, await CompleteAsync(elsewhere));
        Assert.Equal(0, await store.AbortUploadsAsync("", _ => true, default));
    }

    // Null: refused. Ceph's gateway answers 500 where S3 answers that there is no such upload, which leaves the outcome unknown.
    private static async Task<PutOutcome?> CompleteAsync(IMultipartUpload upload)
    {
        try
        {
            return (await upload.CompleteAsync(PutCondition.None, default)).Outcome;
        }
        catch (StorageException)
        {
            return null;
        }
    }

    private static async Task<IMultipartUpload> StartAsync(IObjectStore store, string key)
    {
        IMultipartUpload upload = await store.StartMultipartAsync(new ObjectKey(key), Guid.Empty, default);
        await upload.UploadPartAsync(1, Body("part"), default);
        return upload;
    }
}
