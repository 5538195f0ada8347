namespace Broker.Actors.Inspection;

/// <summary>The actors of a node as a tree: what <c>broker actor hierarchy</c> prints.</summary>
/// <param name="NodeId">Which node.</param>
/// <param name="Root">Above all others, or the one that was asked for.</param>
/// <param name="Shown">How many are in the tree.</param>
/// <param name="Complete">Whether all children are in it down to the depth that was asked for; else there were too many.</param>
public sealed record ActorsReport(int NodeId, ActorReport Root, int Shown, bool Complete);

/// <summary>An actor.</summary>
/// <param name="Name">Its last name; "/" of the root.</param>
/// <param name="Path">All names, from the root.</param>
/// <param name="Type">Its class.</param>
/// <param name="Waiting">Messages in its mailbox.</param>
/// <param name="Children">How many it has, in the tree or not.</param>
/// <param name="Actors">Those in the tree, by name.</param>
public sealed record ActorReport(string Name, string Path, string Type, int Waiting, int Children, IReadOnlyList<ActorReport> Actors);
