using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Remote.Transport;
using Akka.Serialization;
using Akka.Util;

namespace Akka.Cluster.Serialization;

/// <summary>
/// The gossip as bytes (docs/formats/remoting.md): a table of all nodes that it speaks of, then everything else by their places in it.
/// </summary>
internal static class GossipCodec
{
    public static void Write(ByteWriter writer, Gossip gossip)
    {
        List<UniqueAddress> nodes = [.. NodesOf(gossip).Distinct().Order()];
        Dictionary<UniqueAddress, int> places = nodes.Select((node, place) => (node, place)).ToDictionary(each => each.node, each => each.place);
        WriteList(writer, nodes, WriteNode);
        WriteList(writer, gossip.Members, (to, member) => WriteMember(to, member, places));
        WriteList(writer, gossip.Seen, (to, node) => to.WriteInt32(places[node]));
        WriteList(writer, gossip.Reachability.Rows, (to, row) =>
        {
            to.WriteInt32(places[row.Key]);
            to.WriteInt64(row.Value.Version);
            WriteList(to, row.Value.Subjects, (inner, subject) =>
            {
                inner.WriteInt32(places[subject.Key]);
                inner.WriteByte((byte)subject.Value);
            });
        });
        WriteList(writer, gossip.Version.Versions, (to, version) => WriteNumbered(to, version, places));
        WriteList(writer, gossip.Tombstones, (to, tombstone) => WriteNumbered(to, tombstone, places));
    }

    /// <exception cref="SerializationException">The bytes are no gossip.</exception>
    public static Gossip Read(ref ByteReader reader)
    {
        UniqueAddress[] nodes = new UniqueAddress[reader.ReadCount(minBytesPerItem: 20)];
        for (int i = 0; i < nodes.Length; i++)
        {
            nodes[i] = ReadNode(ref reader);
        }

        ImmutableSortedSet<Member>.Builder members = ImmutableSortedSet.CreateBuilder<Member>();
        for (int left = reader.ReadCount(minBytesPerItem: 17); left > 0; left--)
        {
            members.Add(ReadMember(ref reader, nodes));
        }

        ImmutableHashSet<UniqueAddress>.Builder seen = ImmutableHashSet.CreateBuilder<UniqueAddress>();
        for (int left = reader.ReadCount(minBytesPerItem: 4); left > 0; left--)
        {
            seen.Add(NodeAt(ref reader, nodes));
        }

        Gossip gossip = new() { Seen = seen.ToImmutable(), Reachability = ReadReachability(ref reader, nodes) };
        return gossip.WithMembers(members.ToImmutable()) with
        {
            Version = new VectorClock(ReadNumbered(ref reader, nodes)),
            Tombstones = ReadNumbered(ref reader, nodes),
        };
    }

    public static void WriteNode(ByteWriter writer, UniqueAddress node)
    {
        WriteAddress(writer, node.Address);
        writer.WriteInt32(node.Uid);
    }

    public static UniqueAddress ReadNode(ref ByteReader reader) => new(ReadAddress(ref reader), reader.ReadInt32());

    public static void WriteAddress(ByteWriter writer, Address address)
    {
        writer.WriteString(address.System);
        writer.WriteString(address.Host ?? "");
        writer.WriteInt32(address.Port ?? 0);
    }

    public static Address ReadAddress(ref ByteReader reader) =>
        new(TcpRemoting.Protocol, reader.ReadString(), reader.ReadString(), reader.ReadInt32());

    public static void WriteRoles(ByteWriter writer, ImmutableHashSet<string> roles) => WriteList(writer, roles, (to, role) => to.WriteString(role));

    public static ImmutableHashSet<string> ReadRoles(ref ByteReader reader)
    {
        ImmutableHashSet<string>.Builder roles = ImmutableHashSet.CreateBuilder<string>();
        for (int left = reader.ReadCount(minBytesPerItem: 4); left > 0; left--)
        {
            roles.Add(reader.ReadString());
        }

        return roles.ToImmutable();
    }

    /// <summary>A version by the node's own table: for messages that have no other.</summary>
    public static void WriteVersion(ByteWriter writer, VectorClock version) => WriteList(writer, version.Versions, (to, each) =>
    {
        WriteNode(to, each.Key);
        to.WriteInt64(each.Value);
    });

    public static VectorClock ReadVersion(ref ByteReader reader)
    {
        ImmutableDictionary<UniqueAddress, long>.Builder versions = ImmutableDictionary.CreateBuilder<UniqueAddress, long>();
        for (int left = reader.ReadCount(minBytesPerItem: 24); left > 0; left--)
        {
            UniqueAddress node = ReadNode(ref reader);
            versions[node] = reader.ReadInt64();
        }

        return new VectorClock(versions.ToImmutable());
    }

    private static IEnumerable<UniqueAddress> NodesOf(Gossip gossip) =>
    [
        .. gossip.Members.Select(member => member.UniqueAddress),
        .. gossip.Seen,
        .. gossip.Reachability.Rows.SelectMany(row => row.Value.Subjects.Keys.Append(row.Key)),
        .. gossip.Version.Versions.Keys,
        .. gossip.Tombstones.Keys,
    ];

    private static void WriteMember(ByteWriter writer, Member member, Dictionary<UniqueAddress, int> places)
    {
        writer.WriteInt32(places[member.UniqueAddress]);
        writer.WriteInt32(member.UpNumber);
        writer.WriteByte((byte)member.Status);
        WriteRoles(writer, member.Roles);
        writer.WriteString(member.AppVersion.Version);
    }

    private static Member ReadMember(ref ByteReader reader, UniqueAddress[] nodes)
    {
        UniqueAddress node = NodeAt(ref reader, nodes);
        int upNumber = reader.ReadInt32();
        MemberStatus status = (MemberStatus)reader.ReadByte();
        ImmutableHashSet<string> roles = ReadRoles(ref reader);
        string version = reader.ReadString();
        return status <= MemberStatus.WeaklyUp
            ? Member.Create(node, upNumber, status, roles, AppVersion.Create(version))
            : throw new SerializationException($"The unknown status {(byte)status} of a member.");
    }

    private static Reachability ReadReachability(ref ByteReader reader, UniqueAddress[] nodes)
    {
        ImmutableDictionary<UniqueAddress, ReachabilityRow>.Builder rows = ImmutableDictionary.CreateBuilder<UniqueAddress, ReachabilityRow>();
        for (int left = reader.ReadCount(minBytesPerItem: 16); left > 0; left--)
        {
            UniqueAddress observer = NodeAt(ref reader, nodes);
            long version = reader.ReadInt64();
            ImmutableDictionary<UniqueAddress, ReachabilityStatus>.Builder subjects = ImmutableDictionary.CreateBuilder<UniqueAddress, ReachabilityStatus>();
            for (int subjectsLeft = reader.ReadCount(minBytesPerItem: 5); subjectsLeft > 0; subjectsLeft--)
            {
                UniqueAddress subject = NodeAt(ref reader, nodes);
                ReachabilityStatus status = (ReachabilityStatus)reader.ReadByte();
                subjects[subject] = status is ReachabilityStatus.Unreachable or ReachabilityStatus.Terminated
                    ? status
                    : throw new SerializationException($"The unknown reachability {(byte)status}.");
            }

            rows[observer] = new ReachabilityRow(version, subjects.ToImmutable());
        }

        return new Reachability(rows.ToImmutable());
    }

    private static void WriteNumbered(ByteWriter writer, KeyValuePair<UniqueAddress, long> each, Dictionary<UniqueAddress, int> places)
    {
        writer.WriteInt32(places[each.Key]);
        writer.WriteInt64(each.Value);
    }

    private static ImmutableDictionary<UniqueAddress, long> ReadNumbered(ref ByteReader reader, UniqueAddress[] nodes)
    {
        ImmutableDictionary<UniqueAddress, long>.Builder numbers = ImmutableDictionary.CreateBuilder<UniqueAddress, long>();
        for (int left = reader.ReadCount(minBytesPerItem: 12); left > 0; left--)
        {
            UniqueAddress node = NodeAt(ref reader, nodes);
            numbers[node] = reader.ReadInt64();
        }

        return numbers.ToImmutable();
    }

    private static UniqueAddress NodeAt(ref ByteReader reader, UniqueAddress[] nodes)
    {
        int place = reader.ReadInt32();
        return (uint)place < (uint)nodes.Length
            ? nodes[place]
            : throw new SerializationException($"Node {place} of a table of {nodes.Length}.");
    }

    private static void WriteList<T>(ByteWriter writer, IReadOnlyCollection<T> items, Action<ByteWriter, T> write)
    {
        writer.WriteInt32(items.Count);
        foreach (T item in items)
        {
            write(writer, item);
        }
    }
}
