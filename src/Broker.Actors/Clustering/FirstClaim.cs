using Broker.ObjectStore.Cluster;

namespace Broker.Actors.Clustering;

/// <summary>
/// Whether a start that no member answers may begin the cluster. Of the others it cannot tell which are dead, and which are on the far side of a cut: so it asks in the bucket, which both
/// sides reach. It claims the place of the first; the coordinator of a cluster that lives takes that back (<see cref="FirstPlaceActor"/>).
///
/// J3. While nothing is heard of nodes that are registered, and that the metadata take for living, a cluster is begun only by a start whose claim has stood for <see cref="Undefended"/>; one
/// that has lost a claim knows that a cluster lived then, and needs <see cref="UndefendedOnceLost"/>: that a coordinator does not reach the bucket for seconds now and then must not end it.
/// J4. A start that lost its claim does not claim again before the other's has stood for longer than that: two that cannot reach each other do not keep each other from it.
/// </summary>
/// <param name="incarnation">The start's.</param>
/// <param name="clock">Of this start.</param>
internal sealed class FirstClaim(Guid incarnation, TimeProvider clock)
{
    /// <summary>How often the coordinator looks whether the place is still its own: 20 HEADs a minute of a cluster, 0.35 dollars a month.</summary>
    internal static readonly TimeSpan DefendEvery = TimeSpan.FromSeconds(3);

    /// <summary>For so long a claim stands before it counts: a look comes within 3 s, and its two requests take 10 s where the store is as slow as is borne; or another node takes the coordinator's place.</summary>
    internal static readonly TimeSpan Undefended = DefendEvery * 5;

    /// <summary>The same of a claim after one that was lost. A minute: if the cluster really dies while this node cannot reach it, this one waits for two, with <see cref="Unquestioned"/>.</summary>
    internal static readonly TimeSpan UndefendedOnceLost = TimeSpan.FromMinutes(1);

    /// <summary>For so long another's claim stands before it is questioned: that one begins its cluster first.</summary>
    internal static readonly TimeSpan Unquestioned = UndefendedOnceLost + DefendEvery;

    private string? _seen;
    private long _since = clock.GetTimestamp();
    private bool _claimed;
    private bool _hasLost;

    /// <summary>What is to be done next.</summary>
    public enum Step
    {
        /// <summary>Look again before long.</summary>
        Wait,

        /// <summary>Take the place of the first that was seen.</summary>
        Take,

        /// <summary>Begin the cluster.</summary>
        Begin,
    }

    /// <summary>Whether this start has claimed the place and another one has it now: a cluster lives, or is begun elsewhere.</summary>
    public bool IsLost { get; private set; }

    /// <param name="first">Who has the place, and the etag of that; null: nobody yet.</param>
    /// <param name="someAreSilent">Whether there are nodes of which nothing is heard, and which may live.</param>
    public Step Look((NodeEntry Entry, string ETag)? first, bool someAreSilent)
    {
        if (first?.ETag != _seen)
        {
            (_seen, _since) = (first?.ETag, clock.GetTimestamp());
        }

        TimeSpan stands = clock.GetElapsedTime(_since);
        bool isMine = first?.Entry.Incarnation == incarnation;
        IsLost = !isMine && _claimed;
        _hasLost |= IsLost;
        return isMine ? someAreSilent && stands < (_hasLost ? UndefendedOnceLost : Undefended) ? Step.Wait : Step.Begin
            : IsLost && stands < Unquestioned ? Step.Wait
            : Step.Take;
    }

    /// <summary>The place of the first was taken, as <see cref="Look"/> said.</summary>
    public void Taken() => _claimed = true;
}
