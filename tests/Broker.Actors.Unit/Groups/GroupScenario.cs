using System.Net;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.Groups;

/// <summary>One answer that a test waits for; a second one breaks G2.</summary>
internal sealed class Answer<T>
    where T : class
{
    private T? _value;

    public bool IsThere => _value is not null;

    public T Value => _value ?? throw new InvalidOperationException("there is no answer yet");

    public void Set(T value) => _value = _value is null ? value : throw new InvalidOperationException("G2: a request was answered twice");
}

/// <summary>A classic group with a fake host, and short words for what members do.</summary>
internal sealed class GroupScenario
{
    public const int SessionMs = 10_000;
    public const int RebalanceMs = 60_000;

    private static readonly ClientIdentity Client = new(ClientIdentity.Anonymous, IPAddress.Loopback, "PLAINTEXT", "client");

    public GroupScenario(params (string Name, string Value)[] settings)
    {
        Options = TestOptions.Of(settings).Groups;
        Group = new ClassicGroup("g", Options, Host);
    }

    public Configuration.GroupOptions Options { get; }

    public FakeGroupHost Host { get; } = new();

    public ClassicGroup Group { get; set; }

    public Answer<JoinGroupResponse> Join(string memberId = "", string? instance = null, string[]? protocols = null, int sessionMs = SessionMs, int rebalanceMs = RebalanceMs, bool requireId = false, string protocolType = "consumer", byte[]? metadata = null, bool canSkip = true)
    {
        Answer<JoinGroupResponse> answer = new();
        JoinGroupRequest request = new()
        {
            GroupId = "g",
            MemberId = memberId,
            GroupInstanceId = instance,
            SessionTimeoutMs = sessionMs,
            RebalanceTimeoutMs = rebalanceMs,
            ProtocolType = protocolType,
            Protocols = [.. (protocols ?? ["range"]).Select(name => new JoinGroupRequest.JoinGroupRequestProtocol { Name = name, Metadata = metadata ?? [1] })],
        };
        Group.Join(new JoinGroup(request, requireId, canSkip, Client), answer.Set);
        return answer;
    }

    public Answer<SyncGroupResponse> Sync(JoinGroupResponse joined, params (string Member, byte[] Assignment)[] assignments) =>
        Sync(joined.MemberId, joined.GenerationId, null, assignments);

    public Answer<SyncGroupResponse> Sync(string memberId, int generation, string? instance = null, params (string Member, byte[] Assignment)[] assignments)
    {
        Answer<SyncGroupResponse> answer = new();
        SyncGroupRequest request = new()
        {
            GroupId = "g",
            MemberId = memberId,
            GroupInstanceId = instance,
            GenerationId = generation,
            Assignments = [.. assignments.Select(a => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = a.Member, Assignment = a.Assignment })],
        };
        Group.Sync(request, answer.Set);
        return answer;
    }

    public ErrorCode Heartbeat(string memberId, int generation, string? instance = null) =>
        Group.Heartbeat(new HeartbeatRequest { GroupId = "g", MemberId = memberId, GenerationId = generation, GroupInstanceId = instance });

    public void Pass(int ms)
    {
        Host.NowMs += ms;
        Group.Tick();
    }

    /// <summary>The initial delay passes.</summary>
    public void EndInitialDelay() => Pass((int)Options.InitialRebalanceDelay.TotalMilliseconds);

    /// <summary>Brings so many members into one stable generation, the leader first.</summary>
    public JoinGroupResponse[] MakeStable(int members, string?[]? instances = null)
    {
        Answer<JoinGroupResponse>[] joins = [.. Enumerable.Range(0, members).Select(i => Join(instance: instances?[i]))];
        EndInitialDelay();
        JoinGroupResponse[] joined = [.. joins.Select(join => join.Value).OrderBy(join => join.MemberId == join.Leader ? 0 : 1)];
        (string, byte[])[] assignments = [.. joined.Select((join, i) => (join.MemberId, new[] { (byte)i }))];
        foreach (JoinGroupResponse join in joined)
        {
            Sync(join, join.MemberId == join.Leader ? assignments : []);
        }

        Assert.Equal(GroupState.Stable, Group.State);
        return joined;
    }
}
