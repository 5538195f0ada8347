using Akka.TestKit.Xunit2;

namespace Broker.Actors.Unit.Fakes;

/// <summary>
/// A test of actors. What it expects may take as long as a machine needs that does other things as well: the limit only ends a test in which
/// nothing comes at all.
/// </summary>
public abstract class ActorTest() : TestKit("akka.test.single-expect-default = 20s");
