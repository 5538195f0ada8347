using System.Threading.Channels;
using Akka.Actor;
using Akka.Streams.Implementation.Stages;

namespace Akka.Streams.Dsl;

/// <summary>Sources.</summary>
public static class Source
{
    public static Source<T, NotUsed> From<T>(IEnumerable<T> enumerable) => FromEnumerator(enumerable.GetEnumerator);

    /// <summary>A fresh enumerator for each run.</summary>
    public static Source<T, NotUsed> FromEnumerator<T>(Func<IEnumerator<T>> enumeratorFactory) =>
        FromGraph(new EnumeratorSource<T>(enumeratorFactory));

    public static Source<T, NotUsed> Single<T>(T element) => From([element]);

    public static Source<T, NotUsed> Empty<T>() => FromGraph(new EmptySource<T>(null));

    public static Source<T, NotUsed> Failed<T>(Exception cause) => FromGraph(new EmptySource<T>(cause));

    public static Source<T, NotUsed> Never<T>() => FromGraph(new NeverSource<T>());

    public static Source<T, NotUsed> Repeat<T>(T element) => FromGraph(new RepeatSource<T>(element));

    /// <summary>One element that the task completion source decides; null for none.</summary>
    public static Source<T, TaskCompletionSource<T>> Maybe<T>() => FromGraph(new MaybeSource<T>());

    public static Source<T, NotUsed> FromTask<T>(Task<T> task) => FromGraph(new TaskSource<T>(task));

    /// <summary>An element every <paramref name="interval"/>; skipped while downstream does not ask.</summary>
    public static Source<T, ICancelable> Tick<T>(TimeSpan initialDelay, TimeSpan interval, T tick) =>
        FromGraph(new TickSource<T>(initialDelay, interval, tick));

    /// <summary>Fed by offers.</summary>
    /// <param name="bufferSize">Elements held while downstream does not ask; 0 for none.</param>
    /// <param name="overflowStrategy">What becomes of an offer to a full buffer.</param>
    public static Source<T, ISourceQueueWithComplete<T>> Queue<T>(int bufferSize, OverflowStrategy overflowStrategy)
    {
        if (bufferSize < 0)
        {
            throw new ArgumentException("Buffer size must be greater than or equal to 0", nameof(bufferSize));
        }

        return FromGraph(new QueueSource<T>(bufferSize, overflowStrategy));
    }

    /// <summary>Fed by messages; there is no back-pressure.</summary>
    public static Source<T, IActorRef> ActorRef<T>(int bufferSize, OverflowStrategy overflowStrategy)
    {
        if (bufferSize < 0)
        {
            throw new ArgumentException("Buffer size must be greater than or equal to 0", nameof(bufferSize));
        }

        if (overflowStrategy == OverflowStrategy.Backpressure)
        {
            throw new NotSupportedException("Backpressure overflow strategy is not supported");
        }

        return FromGraph(new ActorRefSource<T>(bufferSize, overflowStrategy));
    }

    public static Source<T, NotUsed> ChannelReader<T>(ChannelReader<T> channelReader) => ChannelSource.FromReader(channelReader);

    public static Source<T, TMat> FromGraph<T, TMat>(IGraph<SourceShape<T>, TMat> source) =>
        source as Source<T, TMat> ?? new Source<T, TMat>(source.Shape, source.Blueprint);
}

public static class ChannelSource
{
    /// <summary>What the channel gives; ends with it.</summary>
    public static Source<T, NotUsed> FromReader<T>(ChannelReader<T> reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return Source.FromGraph(new ChannelReaderSource<T>(reader));
    }
}
