using System.Runtime.Serialization;
using Akka.Cluster.Tools.Singleton;
using Akka.Cluster.Tools.Singleton.Serialization;

namespace Akka.Cluster.Unit;

/// <summary>The bytes of what managers of singletons tell each other.</summary>
public sealed class SingletonFormatTests
{
    private static readonly ClusterSingletonMessageSerializer Serializer = new(null!);

    [Fact]
    public void Message_is_read_as_it_was_written()
    {
        foreach (object message in (object[])[HandOverToMe.Instance, HandOverDone.Instance])
        {
            Assert.Equal(message, Serializer.FromBinary(Serializer.ToBinary(message), Serializer.Manifest(message)));
        }
    }

    [Theory]
    [InlineData("A", new byte[0])]
    [InlineData("A", new byte[] { 2 })]
    [InlineData("A", new byte[] { 1, 0 })]
    [InlineData("X", new byte[] { 1 })]
    public void Anything_else_is_refused(string manifest, byte[] bytes) =>
        Assert.ThrowsAny<SerializationException>(() => Serializer.FromBinary(bytes, manifest));
}
