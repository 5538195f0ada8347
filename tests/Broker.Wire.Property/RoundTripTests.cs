using Xunit.Abstractions;

namespace Broker.Wire.Property;

public class RoundTripTests(ITestOutputHelper output)
{
    private const int RoundsPerVersion = 20;

    [Fact]
    public void Every_message_and_version_comes_back_as_it_was_written()
    {
        Random random = new(Seed.Print(output));
        RandomMessage messages = new(random);
        int count = 0;
        foreach (CatalogEntry entry in MessageCatalog.All)
        {
            foreach (short version in entry.Versions)
            {
                for (int round = 0; round < RoundsPerVersion; round++, count++)
                {
                    AssertRoundTrip(entry, version, messages.Create(entry, version));
                }
            }
        }

        output.WriteLine($"{MessageCatalog.All.Count} messages, {count} round trips");
        Assert.True(count > 10_000);
    }

    private static void AssertRoundTrip(CatalogEntry entry, short version, IKafkaMessage message)
    {
        string what = $"{entry.Definition.Name} version {version}";
        byte[] bytes = Wire.Write(message, version);
        Assert.True(message.GetSize(version) == bytes.Length, $"{what}: GetSize is {message.GetSize(version)}, and {bytes.Length} bytes were written");
        (IKafkaMessage read, long left) = Wire.Read(entry, bytes, version);
        Assert.True(left == 0, $"{what}: {left} bytes are left");
        string? difference = DeepEqual.FirstDifference(message, read, entry.Definition.Name);
        Assert.True(difference is null, $"{what}: differs at {difference}");
        Assert.True(bytes.AsSpan().SequenceEqual(Wire.Write(read, version)), $"{what}: writes other bytes the second time");
    }
}
