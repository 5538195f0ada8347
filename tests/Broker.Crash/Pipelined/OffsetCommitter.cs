using Broker.Crash.History;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Crash.Pipelined;

/// <summary>
/// Reads the topic as it grows and commits its group's offsets, as a consumer that assigns its partitions itself; asks
/// for the committed offsets after each commit, and as the first thing on each new connection.
/// </summary>
internal sealed class OffsetCommitter(CrashTopic topic, string group)
{
    private const short FindCoordinatorVersion = 3;
    private const short OffsetCommitVersion = 8;
    private const short OffsetFetchVersion = 7;
    private const int NoGeneration = -1;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<int, long> _next = Enumerable.Range(0, topic.Partitions).ToDictionary(i => i, _ => 0L);
    private readonly List<(Position, RecordId)> _seen = [];
    private readonly List<CommitEvent> _commits = [];
    private readonly CancellationTokenSource _stopping = new();
    private int _acknowledgedCommits;

    /// <summary>Commits acknowledged so far; may be read while it runs.</summary>
    public int AcknowledgedCommits => Volatile.Read(ref _acknowledgedCommits);

    /// <summary>Once it has ended: each record that it was given.</summary>
    public IReadOnlyList<(Position Position, RecordId Id)> Seen => _seen;

    /// <summary>Once it has ended: what happened to its commits.</summary>
    public IReadOnlyList<CommitEvent> Commits => _commits;

    public void Stop() => _stopping.Cancel();

    public Task RunAsync(int port, CancellationToken cancellation) =>
        Reconnecting.RunAsync(port, WorkAsync, onBroken: () => { }, cancellation);

    private async Task WorkAsync(RawConnection connection, CancellationToken cancellation)
    {
        // In Apache Kafka this is what makes the topic of the committed offsets.
        await connection.CallAsync<FindCoordinatorResponse>(
            new FindCoordinatorRequest { Key = group }, FindCoordinatorVersion, cancellation);
        await AskAsync(connection, cancellation);
        while (!_stopping.IsCancellationRequested)
        {
            List<(Position Position, RecordId Id)> found = await topic.FetchAsync(connection, _next, cancellation);
            foreach ((Position position, RecordId id) in found)
            {
                _seen.Add((position, id));
                _next[position.Partition] = position.Offset + 1;
            }

            if (found.Count > 0)
            {
                await CommitAsync(connection, cancellation);
                await AskAsync(connection, cancellation);
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    private async Task CommitAsync(RawConnection connection, CancellationToken cancellation)
    {
        OffsetCommitRequest.OffsetCommitRequestTopic offsets = new()
        {
            Name = topic.Name,
            Partitions = [.. _next.Select(pair => new OffsetCommitRequest.OffsetCommitRequestPartition
            {
                PartitionIndex = pair.Key,
                CommittedOffset = pair.Value,
                CommittedLeaderEpoch = -1,
            })],
        };
        _commits.AddRange(_next.Select(pair => new CommitEvent(CommitStep.Attempted, pair.Key, pair.Value)));
        OffsetCommitResponse response = await connection.CallAsync<OffsetCommitResponse>(
            new OffsetCommitRequest { GroupId = group, GenerationIdOrMemberEpoch = NoGeneration, MemberId = "", Topics = [offsets] },
            OffsetCommitVersion,
            cancellation);
        foreach (OffsetCommitResponse.OffsetCommitResponsePartition answer in response.Topics.Single().Partitions)
        {
            if (!IsPassing((ErrorCode)answer.ErrorCode, "OffsetCommit"))
            {
                _commits.Add(new CommitEvent(CommitStep.Acknowledged, answer.PartitionIndex, _next[answer.PartitionIndex]));
                Volatile.Write(ref _acknowledgedCommits, _acknowledgedCommits + 1);
            }
        }
    }

    private async Task AskAsync(RawConnection connection, CancellationToken cancellation)
    {
        OffsetFetchRequest.OffsetFetchRequestTopic asked =
            new() { Name = topic.Name, PartitionIndexes = [.. Enumerable.Range(0, topic.Partitions)] };
        OffsetFetchResponse response = await connection.CallAsync<OffsetFetchResponse>(
            new OffsetFetchRequest { GroupId = group, Topics = [asked] }, OffsetFetchVersion, cancellation);
        if (IsPassing((ErrorCode)response.ErrorCode, "OffsetFetch"))
        {
            return;
        }

        foreach (OffsetFetchResponse.OffsetFetchResponsePartition answer in response.Topics.Single().Partitions)
        {
            if (!IsPassing((ErrorCode)answer.ErrorCode, "OffsetFetch"))
            {
                // A coordinator that knows nothing of the partition says so with -1.
                _commits.Add(new CommitEvent(CommitStep.Fetched, answer.PartitionIndex, Math.Max(0, answer.CommittedOffset)));
            }
        }
    }

    private static bool IsPassing(ErrorCode error, string api) => error switch
    {
        ErrorCode.None => false,
        ErrorCode.CoordinatorLoadInProgress or ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator
            or ErrorCode.RequestTimedOut => true,
        _ => throw new ProtocolViolationException($"{api} was answered with {error}"),
    };
}
