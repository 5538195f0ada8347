using System.Buffers;
using Broker.Wire.Frames;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;
using Broker.Wire.Unit.Golden;
using Xunit.Abstractions;

namespace Broker.Wire.Property;

public class HostileFrameTests(ITestOutputHelper output)
{
    private const int Mutations = 100_000;
    private const int MaxFrameBytes = 1 << 20;

    [Fact]
    public void Every_truncation_of_every_message_ends_in_a_value_or_a_protocol_error()
    {
        RandomMessage messages = new(new Random(Seed.Print(output)));
        int count = 0;
        foreach (CatalogEntry entry in MessageCatalog.All)
        {
            foreach (short version in entry.Versions)
            {
                byte[] bytes = Wire.Write(messages.Create(entry, version), version);
                int step = 1 + (bytes.Length / 200);
                for (int length = 0; length < bytes.Length; length += step, count++)
                {
                    ReadOnlyMemory<byte> cut = bytes.AsMemory(0, length);
                    bool read = HostileInput.Try(() => Wire.Read(entry, cut, version), length, () => Describe(entry, version, cut));
                    Assert.False(read, $"{Describe(entry, version, cut)} was read, and it is not whole");
                }
            }
        }

        output.WriteLine($"{count} truncations");
        Assert.True(count > 10_000);
    }

    [Fact]
    public void Seeded_mutations_of_request_frames_end_in_a_value_or_a_protocol_error()
    {
        Random random = new(Seed.Print(output));
        (byte[] Frame, string Name)[] frames = CreateRequestFrames(random);
        int values = 0;
        for (int i = 0; i < Mutations; i++)
        {
            (byte[] frame, string name) = frames[random.Next(frames.Length)];
            byte[] damaged = Mutation.Apply(random, frame);
            values += HostileInput.Try(() => ReadRequest(damaged), damaged.Length, () => $"{name} {Convert.ToHexString(damaged)}") ? 1 : 0;
        }

        output.WriteLine($"{Mutations} mutations of {frames.Length} frames; {values} were values still");
        Assert.InRange(values, Mutations / 100, Mutations);
    }

    [Fact]
    public void Seeded_mutations_of_all_messages_end_in_a_value_or_a_protocol_error()
    {
        Random random = new(Seed.Print(output) + 1);
        RandomMessage messages = new(random);
        for (int i = 0; i < Mutations / 4; i++)
        {
            CatalogEntry entry = MessageCatalog.All[random.Next(MessageCatalog.All.Count)];
            short version = (short)random.Next(entry.Definition.Versions.First, entry.Definition.Versions.Last + 1);
            byte[] damaged = Mutation.Apply(random, Wire.Write(messages.Create(entry, version), version));
            HostileInput.Try(() => Wire.Read(entry, damaged, version), damaged.Length, () => Describe(entry, version, damaged));
        }
    }

    [Fact]
    public void Pure_noise_ends_in_a_value_or_a_protocol_error()
    {
        Random random = new(Seed.Print(output) + 2);
        for (int i = 0; i < Mutations / 4; i++)
        {
            CatalogEntry entry = MessageCatalog.All[random.Next(MessageCatalog.All.Count)];
            short version = (short)random.Next(entry.Definition.Versions.First, entry.Definition.Versions.Last + 1);
            byte[] noise = new byte[random.Next(400)];
            random.NextBytes(noise);

            // Small numbers make counts and lengths plausible, so that reading gets further.
            for (int j = 0; j < noise.Length; j++)
            {
                noise[j] = random.Next(3) == 0 ? noise[j] : (byte)random.Next(4);
            }

            HostileInput.Try(() => Wire.Read(entry, noise, version), noise.Length, () => Describe(entry, version, noise));
        }
    }

    [Fact]
    public void Messages_of_as_many_smallest_elements_as_fit_allocate_no_more_than_allowed()
    {
        const int Elements = 5_000;
        double worst = 0;
        string worstOf = "";
        foreach (CatalogEntry entry in MessageCatalog.All)
        {
            foreach ((short version, string path, IKafkaMessage message) in DenseMessages.Of(entry, Elements))
            {
                byte[] bytes = Wire.Write(message, version);
                string what = $"{path} version {version}";
                long before = GC.GetAllocatedBytesForCurrentThread();
                Assert.True(HostileInput.Try(() => Wire.Read(entry, bytes, version), bytes.Length, () => what));
                double ratio = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)bytes.Length;
                (worst, worstOf) = ratio > worst ? (ratio, what) : (worst, worstOf);
            }
        }

        output.WriteLine($"at most {worst:F1} bytes are allocated for each byte read: {worstOf}");
        Assert.InRange(worst, 1, HostileInput.AllocatedPerByte);
    }

    private static (byte[] Frame, string Name)[] CreateRequestFrames(Random random)
    {
        RandomMessage messages = new(random);
        List<(byte[], string)> frames =
        [
            .. GoldenData.Exchanges().Select(exchange => (exchange.Request, $"captured {exchange.Api} version {exchange.Version}")),
        ];
        foreach (CatalogEntry entry in MessageCatalog.All)
        {
            foreach (short version in entry.Versions)
            {
                if (messages.Create(entry, version) is IKafkaRequest request)
                {
                    ArrayBufferWriter<byte> frame = new();
                    RequestFrame.Write(frame, random.Next(), "client", request, version);
                    frames.Add((frame.WrittenSpan.ToArray(), $"{entry.Definition.Name} version {version}"));
                }
            }
        }

        return [.. frames];
    }

    private static void ReadRequest(byte[] bytes)
    {
        ReadOnlySequence<byte> buffer = new(bytes);
        if (FrameReader.TryReadFrame(ref buffer, MaxFrameBytes, out ReadOnlySequence<byte> body))
        {
            WireReader reader = new(body);
            RequestHeader header = RequestHeaderReader.Read(ref reader);
            RequestDecoder.Decode((ApiKey)header.RequestApiKey, header.RequestApiVersion, ref reader);
        }
    }

    private static string Describe(CatalogEntry entry, short version, ReadOnlyMemory<byte> bytes) =>
        $"{entry.Definition.Name} version {version} {Convert.ToHexString(bytes.Span)}";
}
