namespace Akka.Dispatch;

/// <summary>Marks what a mailbox can do.</summary>
public interface ISemantics
{
}

public interface IUnboundedMessageQueueSemantics : ISemantics
{
}

public interface IDequeBasedMessageQueueSemantics : ISemantics
{
}

public interface IUnboundedDequeBasedMessageQueueSemantics : IDequeBasedMessageQueueSemantics, IUnboundedMessageQueueSemantics
{
}

/// <summary>Says which mailbox an actor needs; here every mailbox can do all that is needed.</summary>
public interface IRequiresMessageQueue<T>
    where T : ISemantics
{
}
