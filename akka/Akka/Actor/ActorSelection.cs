namespace Akka.Actor;

/// <summary>A path into the tree of actors, walked anew for each message. Patterns are not supported.</summary>
public class ActorSelection : ICanTell
{
    private readonly string[] _elements;

    public ActorSelection(IActorRef anchor, string path)
        : this(anchor, path.Split('/', StringSplitOptions.RemoveEmptyEntries))
    {
    }

    public ActorSelection(IActorRef anchor, IEnumerable<string> elements)
    {
        Anchor = anchor;
        _elements = [.. elements];
        if (_elements.FirstOrDefault(element => element.AsSpan().ContainsAny('*', '?')) is { } pattern)
        {
            throw new NotSupportedException($"The selection '{PathString}' has the pattern '{pattern}'; only plain names are supported.");
        }
    }

    public IActorRef Anchor { get; }

    public string PathString => "/" + string.Join('/', _elements);

    public void Tell(object message, IActorRef? sender = null)
    {
        sender ??= ActorCell.CurrentSelfOrNoSender;
        IInternalActorRef target = Resolve();
        if (target is Nobody)
        {
            Futures.SystemOf(Anchor).DeadLetterRef.UserMessageLost(message, sender, Missing());
        }
        else
        {
            target.Tell(message, sender);
        }
    }

    /// <summary>The actor that is there now.</summary>
    /// <exception cref="ActorNotFoundException">The task's, when there is none.</exception>
    public Task<IActorRef> ResolveOne(TimeSpan timeout) => ResolveOne(timeout, CancellationToken.None);

    public async Task<IActorRef> ResolveOne(TimeSpan timeout, CancellationToken ct)
    {
        ActorIdentity identity;
        try
        {
            identity = await this.Ask<ActorIdentity>(new Identify(Guid.NewGuid().ToString("N")), timeout, ct).ConfigureAwait(false);
        }
        catch (AskTimeoutException expired)
        {
            throw new ActorNotFoundException($"Failed to resolve {this} within {timeout}", expired);
        }

        return identity.Subject ?? throw new ActorNotFoundException($"There is no actor at {this}");
    }

    public override string ToString() => $"ActorSelection[Anchor({Anchor}), Path({PathString})]";

    internal static ActorSelection Parse(string path, ActorSystemImpl system, IInternalActorRef lookupRoot)
    {
        if (ActorPath.TryParse(path, out ActorPath? full))
        {
            return system.ActorSelection(full!);
        }

        return new ActorSelection(path.StartsWith('/') ? system.RootGuardianRef : lookupRoot, path);
    }

    private IInternalActorRef Resolve()
    {
        IInternalActorRef target = (IInternalActorRef)Anchor;
        if (!target.IsLocal)
        {
            // The other node walks the path when the message is there.
            return (IInternalActorRef)target.SystemImpl.Provider.ResolveActorRef(PathFrom(target.Path));
        }

        foreach (string element in _elements)
        {
            target = element switch
            {
                ".." => target.Parent,
                "." => target,
                _ => target.GetSingleChild(element),
            };
        }

        return target;
    }

    private ActorPath PathFrom(ActorPath path) => _elements.Aggregate(path, (from, element) => element switch
    {
        ".." => from.Parent,
        "." => from,
        _ => from / element,
    });

    private EmptyLocalActorRef Missing() => new(Futures.SystemOf(Anchor), Anchor.Path / _elements);
}
