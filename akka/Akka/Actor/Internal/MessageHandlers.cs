namespace Akka.Actor;

/// <summary>The handlers of one behaviour in the order of their declaration.</summary>
internal sealed class HandlerList
{
    private MessageHandler[] _handlers = [];
    private bool _takesAll;

    public void Add(MessageHandler handler)
    {
        if (_takesAll)
        {
            throw new InvalidOperationException("A handler that catches all messages has been added. No handler can be added after that.");
        }

        _takesAll = handler.TakesAll;
        _handlers = [.. _handlers, handler];
    }

    public bool TryHandle(object message)
    {
        foreach (MessageHandler handler in _handlers)
        {
            if (handler.TryHandle(message))
            {
                return true;
            }
        }

        return false;
    }
}

internal abstract class MessageHandler
{
    public virtual bool TakesAll => false;

    public abstract bool TryHandle(object message);
}

internal sealed class Handler<T>(Predicate<T>? shouldHandle, Action<T> handle) : MessageHandler
{
    public override bool TakesAll => shouldHandle is null && typeof(T) == typeof(object);

    public override bool TryHandle(object message)
    {
        if (message is not T typed || (shouldHandle is not null && !shouldHandle(typed)))
        {
            return false;
        }

        handle(typed);
        return true;
    }
}

internal sealed class TypeHandler(Type type, Predicate<object>? shouldHandle, Action<object> handle) : MessageHandler
{
    public override bool TakesAll => shouldHandle is null && type == typeof(object);

    public override bool TryHandle(object message)
    {
        if (!type.IsInstanceOfType(message) || (shouldHandle is not null && !shouldHandle(message)))
        {
            return false;
        }

        handle(message);
        return true;
    }
}

internal sealed class DecidingHandler<T>(Func<T, bool> handle) : MessageHandler
{
    public override bool TryHandle(object message) => message is T typed && handle(typed);
}

internal sealed class AnyHandler(Action<object> handle) : MessageHandler
{
    public override bool TakesAll => true;

    public override bool TryHandle(object message)
    {
        handle(message);
        return true;
    }
}
