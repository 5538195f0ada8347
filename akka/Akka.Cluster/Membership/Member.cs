using System.Collections.Immutable;
using Akka.Actor;
using Akka.Util;

namespace Akka.Cluster;

/// <summary>A node as the cluster knows it. Members are equal when they are the same run of the same node, whatever their status.</summary>
public class Member : IComparable<Member>, IComparable
{
    /// <summary>By host, then by port.</summary>
    public static readonly IComparer<Address> AddressOrdering = Comparer<Address>.Create((a, b) =>
    {
        int byHost = string.CompareOrdinal(a.Host ?? "", b.Host ?? "");
        return byHost != 0 ? byHost : (a.Port ?? 0).CompareTo(b.Port ?? 0);
    });

    /// <summary>The oldest first: in the order in which members became up.</summary>
    public static readonly IComparer<Member> AgeOrdering = Comparer<Member>.Create((a, b) =>
        a.Equals(b) ? 0 : a.IsOlderThan(b) ? -1 : 1);

    /// <summary>The up number of one that is not up yet.</summary>
    internal const int NotUpYet = int.MaxValue;

    private Member(UniqueAddress uniqueAddress, int upNumber, MemberStatus status, ImmutableHashSet<string> roles, AppVersion appVersion)
    {
        UniqueAddress = uniqueAddress;
        UpNumber = upNumber;
        Status = status;
        Roles = roles;
        AppVersion = appVersion;
    }

    public UniqueAddress UniqueAddress { get; }

    public MemberStatus Status { get; }

    public ImmutableHashSet<string> Roles { get; }

    public AppVersion AppVersion { get; }

    public Address Address => UniqueAddress.Address;

    /// <summary>Counts members in the order in which they became up.</summary>
    internal int UpNumber { get; }

    public bool HasRole(string role) => Roles.Contains(role);

    /// <summary>Became up before the other.</summary>
    public bool IsOlderThan(Member other) => UpNumber == other.UpNumber
        ? UniqueAddress.CompareTo(other.UniqueAddress) < 0
        : UpNumber < other.UpNumber;

    public Member Copy(MemberStatus status) => status == Status ? this : new Member(UniqueAddress, UpNumber, status, Roles, AppVersion);

    public Member CopyUp(int upNumber) => new(UniqueAddress, upNumber, MemberStatus.Up, Roles, AppVersion);

    public int CompareTo(Member? other) => other is null ? 1 : UniqueAddress.CompareTo(other.UniqueAddress);

    int IComparable.CompareTo(object? obj) => CompareTo(obj as Member);

    public override bool Equals(object? obj) => obj is Member other && UniqueAddress.Equals(other.UniqueAddress);

    public override int GetHashCode() => UniqueAddress.GetHashCode();

    public override string ToString() => $"Member(address = {Address}, Uid={UniqueAddress.Uid}, status = {Status}, role=[{string.Join(",", Roles)}], upNumber={UpNumber}, version={AppVersion})";

    /// <summary>Of two views of one member the one that is further on its way.</summary>
    public static Member HighestPriorityOf(Member m1, Member m2)
    {
        if (m1.Status == m2.Status)
        {
            return m1.IsOlderThan(m2) ? m1 : m2;
        }

        return Progress(m1.Status) > Progress(m2.Status) ? m1 : m2;
    }

    internal static Member Create(UniqueAddress uniqueAddress, int upNumber, MemberStatus status, ImmutableHashSet<string> roles, AppVersion appVersion) =>
        new(uniqueAddress, upNumber, status, roles, appVersion);

    private static int Progress(MemberStatus status) => status switch
    {
        MemberStatus.Joining => 0,
        MemberStatus.WeaklyUp => 1,
        MemberStatus.Up => 2,
        MemberStatus.Leaving => 3,
        MemberStatus.Exiting => 4,
        MemberStatus.Down => 5,
        _ => 6,
    };

    public static bool operator ==(Member? left, Member? right) => Equals(left, right);

    public static bool operator !=(Member? left, Member? right) => !Equals(left, right);

    public static bool operator <(Member left, Member right) => left.CompareTo(right) < 0;

    public static bool operator >(Member left, Member right) => left.CompareTo(right) > 0;

    public static bool operator <=(Member left, Member right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Member left, Member right) => left.CompareTo(right) >= 0;
}
