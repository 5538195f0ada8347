using System.Net;
using Broker.Actors.Configuration;

namespace Broker.Actors.Connections;

/// <summary>Counts open connections against <c>max.connections</c> and <c>max.connections.per.ip</c>. Thread-safe.</summary>
public sealed class ConnectionLimiter(ConnectionOptions options)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _total;

    /// <summary>How many connections are open.</summary>
    public int Count => Volatile.Read(ref _total);

    /// <summary>Counts one more connection; false when a limit is reached, and then nothing is counted.</summary>
    public bool TryEnter(IPAddress address)
    {
        lock (_lock)
        {
            int ofAddress = _byAddress.GetValueOrDefault(address);
            if (_total >= options.MaxConnections || ofAddress >= options.MaxConnectionsPerIp)
            {
                return false;
            }

            _byAddress[address] = ofAddress + 1;
            _total++;
            return true;
        }
    }

    /// <summary>Counts a connection out; call once for each successful <see cref="TryEnter"/>.</summary>
    public void Leave(IPAddress address)
    {
        lock (_lock)
        {
            _total--;
            if (--_byAddress[address] == 0)
            {
                _byAddress.Remove(address);
            }
        }
    }
}
