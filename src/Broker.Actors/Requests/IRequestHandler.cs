using Broker.Actors.Connections;
using Broker.Wire;

namespace Broker.Actors.Requests;

/// <summary>Serves one Kafka API. Its turns are its connection's: it never blocks, and what takes time comes back as a message or a task.</summary>
public interface IRequestHandler
{
    ApiKey ApiKey { get; }

    /// <summary>The versions that are served, and so advertised.</summary>
    VersionRange Versions { get; }

    void Handle(RequestExchange exchange);
}
