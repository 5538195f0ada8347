using System.Collections.Immutable;
using Akka.Actor;
using Akka.Util;

namespace Akka.Cluster.Unit;

/// <summary>Nodes and members for the tests; the letter is the host, so that they are ordered by it.</summary>
internal static class Fixtures
{
    public static UniqueAddress Node(char name, int uid = 1) => new(new Address("akka.tcp", "test", name.ToString(), 2552), uid);

    public static Member Member(char name, MemberStatus status, int upNumber = 1, params string[] roles) =>
        Akka.Cluster.Member.Create(Node(name), status == MemberStatus.Joining ? Akka.Cluster.Member.NotUpYet : upNumber, status, [.. roles], AppVersion.Zero);

    /// <summary>A gossip of members that are up, by age as they are named, seen by all.</summary>
    public static Gossip Up(string names) => Of([.. names.Select((name, i) => Member(name, MemberStatus.Up, i + 1))]);

    public static Gossip Of(params Member[] members) => (Gossip.Empty.WithMembers([.. members]) with
    {
        Seen = [.. members.Select(member => member.UniqueAddress)],
    }).ChangedBy(members[0].UniqueAddress).SeenByAll();

    public static Gossip SeenByAll(this Gossip gossip) => gossip with { Seen = [.. gossip.Members.Select(member => member.UniqueAddress)] };

    /// <summary>Each observer can't reach the subjects; written as "a>c b>c".</summary>
    public static Gossip Unreachable(this Gossip gossip, string links) => gossip with
    {
        Reachability = links.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Aggregate(gossip.Reachability, (rows, link) => rows.Unreachable(Node(link[0]), Node(link[2]))),
    };

    public static MembershipState At(this Gossip gossip, char self) => new(gossip, Node(self));

    public static string Names(IEnumerable<Member> members) => string.Concat(members.Select(member => member.Address.Host).Order());

    public static string Names(IEnumerable<UniqueAddress> nodes) => string.Concat(nodes.Select(node => node.Address.Host).Order());

    /// <summary>Anything that the cluster may be told.</summary>
    public static Gossip Random(Random random)
    {
        const string All = "abcdefg";
        Gossip gossip = Gossip.Empty;
        foreach (char name in All.Where(_ => random.Next(3) > 0))
        {
            MemberStatus status = (MemberStatus)random.Next((int)MemberStatus.Removed);
            gossip = gossip.WithMember(Member(name, status, random.Next(1, 9), [.. "xyz".Where(_ => random.Next(2) == 0).Select(role => role.ToString())]));
        }

        foreach (Member observer in gossip.Members)
        {
            foreach (Member subject in gossip.Members.Where(subject => subject != observer && random.Next(4) == 0))
            {
                gossip = gossip with { Reachability = gossip.Reachability.Unreachable(observer.UniqueAddress, subject.UniqueAddress) };
            }

            for (int i = random.Next(3); i > 0; i--)
            {
                gossip = gossip.ChangedBy(observer.UniqueAddress);
            }
        }

        ImmutableDictionary<UniqueAddress, long> tombstones = All.Select(name => Node(name))
            .Where(node => !gossip.HasMember(node) && random.Next(4) == 0)
            .ToImmutableDictionary(node => node, _ => 1L);
        return gossip with { Tombstones = tombstones };
    }
}
