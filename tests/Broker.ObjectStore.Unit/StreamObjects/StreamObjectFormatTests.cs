using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;

namespace Broker.ObjectStore.Unit.StreamObjects;

/// <summary>The bytes of docs/formats/stream-set-object.md, made from the document by other means.</summary>
public sealed class StreamObjectFormatTests
{
    [Fact]
    public void Section_index_has_the_documented_bytes()
    {
        IndexEntry block = new(16, 484, 0xDEADBEEF, new Offset(42), new Offset(43), 1_700_000_000_000);
        byte[] bytes = SectionIndex.Encode(new StreamId(5), new LeaderEpoch(3), 500, 20, [block]);
        Assert.Equal(
            "534944580100000005000000000000000300000001000000F4010000000000001400000000000000"
            + "1000000000000000E4010000EFBEADDE2A000000000000002B000000000000000068E5CF8B010000"
            + "1DFCE777",
            Convert.ToHexString(bytes));
        ObjectKey key = new("key");
        SectionIndex.Check(bytes, key, 0);
        Assert.Equal(block, SectionIndex.Over(bytes, new StreamId(5), key)[0]);
    }

    [Fact]
    public void Footer_has_the_documented_bytes()
    {
        ObjectFooter footer = new(ObjectKind.StreamSet, 2, 604, 144, 0xCAFEBABE, 812);
        byte[] bytes = footer.Encode();
        Assert.Equal(
            "42524B4F424A435401000100020000005C0200000000000090000000BEBAFECA2C03000000000000"
            + "0000000000000000000000000000000000000000DF751874",
            Convert.ToHexString(bytes));
        Assert.Equal(footer, ObjectFooter.Decode(bytes, new ObjectKey("key")));
    }
}
