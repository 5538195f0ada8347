using Akka.Dispatch;

namespace Akka.Actor;

/// <summary>
/// An actor that declares a handler per message type, in its constructor or inside <c>Become</c>. The first declared
/// handler whose type and predicate fit takes the message.
/// </summary>
public abstract class ReceiveActor : UntypedActor
{
    private readonly Receive _initial;
    private HandlerList? _declaring;

    protected ReceiveActor()
    {
        HandlerList handlers = new();
        _declaring = handlers;
        _initial = handlers.TryHandle;
        OwnCell.SetInitialBehaviour(_initial);
        OwnCell.OnIncarnated(() => _declaring = null);
    }

    protected sealed override void OnReceive(object message)
    {
        if (!_initial(message))
        {
            Unhandled(message);
        }
    }

    /// <summary>Replaces the behaviour by the handlers that <paramref name="configure"/> declares.</summary>
    protected void Become(Action configure) => OwnCell.Become(Declare(configure));

    /// <summary>Puts the handlers that <paramref name="configure"/> declares on top of the current behaviour.</summary>
    protected void BecomeStacked(Action configure) => OwnCell.BecomeStacked(Declare(configure));

    protected void Receive<T>(Action<T> handler, Predicate<T>? shouldHandle = null) =>
        Add(new Handler<T>(shouldHandle, handler));

    protected void Receive<T>(Predicate<T> shouldHandle, Action<T> handler) => Receive(handler, shouldHandle);

    protected void Receive(Type messageType, Action<object> handler, Predicate<object>? shouldHandle = null) =>
        Add(new TypeHandler(messageType, shouldHandle, handler));

    protected void Receive(Type messageType, Predicate<object> shouldHandle, Action<object> handler) =>
        Receive(messageType, handler, shouldHandle);

    /// <param name="handler">Returns false to leave the message to later handlers.</param>
    protected void Receive<T>(Func<T, bool> handler) => Add(new DecidingHandler<T>(handler));

    /// <summary>Takes every message that no earlier handler took; nothing can be declared after it.</summary>
    protected void ReceiveAny(Action<object> handler) => Add(new AnyHandler(handler));

    protected void ReceiveAsync<T>(Func<T, Task> handler, Predicate<T>? shouldHandle = null) =>
        Receive(message => AsyncReceive.Run(OwnCell, () => handler(message)), shouldHandle);

    protected void ReceiveAsync<T>(Predicate<T> shouldHandle, Func<T, Task> handler) => ReceiveAsync(handler, shouldHandle);

    protected void ReceiveAsync(Type messageType, Func<object, Task> handler, Predicate<object>? shouldHandle = null) =>
        Receive(messageType, message => AsyncReceive.Run(OwnCell, () => handler(message)), shouldHandle);

    protected void ReceiveAsync(Type messageType, Predicate<object> shouldHandle, Func<object, Task> handler) =>
        ReceiveAsync(messageType, handler, shouldHandle);

    protected void ReceiveAnyAsync(Func<object, Task> handler) =>
        ReceiveAny(message => AsyncReceive.Run(OwnCell, () => handler(message)));

    private void Add(MessageHandler handler)
    {
        if (_declaring is null)
        {
            throw new InvalidOperationException(
                "You may only call Receive-methods when constructing the actor and inside Become().");
        }

        _declaring.Add(handler);
    }

    private Receive Declare(Action configure)
    {
        HandlerList? outer = _declaring;
        HandlerList handlers = new();
        _declaring = handlers;
        try
        {
            configure();
        }
        finally
        {
            _declaring = outer;
        }

        return handlers.TryHandle;
    }
}
