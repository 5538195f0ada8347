using Akka.Actor;

namespace Akka.Remote;

/// <summary>Remoting could not start: the port is taken, the host is not this machine's.</summary>
public class RemoteTransportException : AkkaException
{
    public RemoteTransportException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
