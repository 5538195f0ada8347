using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Event;

namespace Akka.Remote.Transport;

/// <summary>Listens for other systems, and knows the associations with them.</summary>
internal sealed class TcpRemoting
{
    public const string Protocol = "akka.tcp";

    /// <summary>Connections that have not said who they are; a cluster's nodes need a moment each, once.</summary>
    private const int MaxHandshakes = 256;

    /// <summary>Messages of others' to actors that are not here that become dead letters, which have subscribers with mailboxes. 1,000: many answers that come too late; and no mailbox minds them.</summary>
    private const int MaxDeadLetters = 1000;

    /// <summary>For a process that is out of handles: accepting again at once would only spin.</summary>
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<Address, Association> _associations = new();
    private readonly ConcurrentDictionary<InboundConnection, byte> _inbound = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SpanBudget _deadLetters = new(MaxDeadLetters, TimeProvider.System);
    private readonly RemoteActorRefProvider _provider;
    private readonly TcpSettings _settings;
    private readonly ILoggingAdapter _log;
    private Address? _address;
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private long _accepted;

    public TcpRemoting(RemoteActorRefProvider provider, TcpSettings settings)
    {
        _provider = provider;
        _settings = settings;
        _log = Logging.GetLogger(provider.System, "Remoting");
        Troubles = new TroubleLog(_log, TimeProvider.System);
        Uid = AddressUidExtension.Uid(provider.System);
    }

    /// <summary>How others name this system; known once it listens.</summary>
    public Address Address => _address ?? throw new InvalidOperationException("Remoting has not been started.");

    public int Uid { get; }

    /// <summary>What others do to this system's port.</summary>
    public TroubleLog Troubles { get; }

    /// <summary>How many systems have been sent something, or were cut off.</summary>
    public int Associations => _associations.Count;

    /// <exception cref="RemoteTransportException">The port can't be listened on.</exception>
    public void Listen()
    {
        try
        {
            IPAddress host = _settings.Hostname.Length == 0
                ? IPAddress.Any
                : IPAddress.TryParse(_settings.Hostname, out IPAddress? literal) ? literal : Dns.GetHostAddresses(_settings.Hostname)[0];
            _listener = new Socket(host.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _listener.Bind(new IPEndPoint(host, _settings.Port));
            _listener.Listen(_settings.Backlog);
        }
        catch (SocketException failure)
        {
            _listener?.Dispose();
            throw new RemoteTransportException($"Can't listen on {_settings.Hostname}:{_settings.Port}: {failure.Message}", failure);
        }

        int port = _settings.PublicPort > 0 ? _settings.PublicPort : ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _address = new Address(Protocol, _provider.System.Name, _settings.PublicHostname, port);
    }

    /// <summary>Lets others in; what they send may arrive from now on.</summary>
    public void Accept()
    {
        _accepting = AcceptAsync(_listener!);
        Publish(new RemotingListenEvent([Address]));
    }

    /// <summary>The way to the system at the address; null when this is no way to get there.</summary>
    public Association? AssociationWith(Address remote) => _associations.TryGetValue(remote, out Association? known)
        ? known
        : CanReach(remote)
            ? _associations.GetOrAdd(remote, address => new Association(address, this, _provider, _settings, _log))
            : null;

    /// <summary>Whether that is an address that this system can connect to; nobody needs to be there.</summary>
    public static bool CanReach(Address remote) =>
        remote.Protocol == Protocol && remote.Host is not null && remote.Port is > 0 and <= ushort.MaxValue;

    public EnvelopeDispatcher NewDispatcher(string peer) => new(peer, _provider, _settings, _deadLetters, Troubles, _log);

    /// <summary>Cuts off a run of another system, for good; null for the one that is connected now.</summary>
    public void Quarantine(Address remote, int? uid)
    {
        if (AssociationWith(remote)?.Quarantine(uid) is not { } cutOff)
        {
            return;
        }

        foreach (InboundConnection connection in _inbound.Keys.Where(each => each.Peer is { } peer && peer.From == remote && peer.Uid == cutOff))
        {
            connection.Close();
        }

        Publish(new QuarantinedEvent(remote, cutOff));
    }

    /// <summary>
    /// Decides on a connection. A connection that takes the place of an earlier one of the same system waits for its end:
    /// what was sent first arrives first.
    /// </summary>
    public async Task<HandshakeResult> AdmitAsync(InboundConnection connection)
    {
        Hello peer = connection.Peer!;
        if (peer.To != Address)
        {
            return HandshakeResult.OtherAddress;
        }

        if (!CanReach(peer.From))
        {
            return HandshakeResult.OtherAddress;
        }

        // Who only comes gets none: there is nothing to send yet, and names are free.
        if (_associations.TryGetValue(peer.From, out Association? association) && association.IsQuarantined(peer.Uid))
        {
            return HandshakeResult.Quarantined;
        }

        foreach (InboundConnection earlier in _inbound.Keys.Where(each => each.Number < connection.Number && each.Peer is { } other && other.From == peer.From))
        {
            earlier.Close();
            await earlier.Ended.ConfigureAwait(false);
        }

        Publish(new AssociatedEvent(Address, peer.From, inbound: true));
        association?.Wake();
        return HandshakeResult.Accepted;
    }

    public string Explain(HandshakeResult result, ushort version, Address? to) => result switch
    {
        HandshakeResult.OtherVersion => $"it speaks version {version} of the protocol, and this system version {Handshake.Version}",
        HandshakeResult.OtherAddress => $"[{to}] is not the address of the system that listens there",
        HandshakeResult.Quarantined => "the UID of the system that connects is quarantined there; it has to be restarted",
        _ => result.ToString(),
    };

    public void Publish(RemotingLifecycleEvent what)
    {
        _provider.System.EventStream.Publish(what);
        if (_log.IsEnabled(what.LogLevel()))
        {
            _log.Log(what.LogLevel(), null, what.ToString()!);
        }
    }

    public ICancelable EveryHeartbeat(Action action) => _provider.System.Scheduler.Advanced.ScheduleRepeatedlyCancelable(
        _settings.HeartbeatInterval, _settings.HeartbeatInterval, action);

    public async Task StopAsync()
    {
        await Task.WhenAll(_associations.Values.Select(association => association.StopAsync())).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener?.Dispose();
        await _accepting.ConfigureAwait(false);
        foreach (InboundConnection connection in _inbound.Keys)
        {
            connection.Close();
        }

        await Task.WhenAll(_inbound.Keys.Select(connection => connection.Ended)).ConfigureAwait(false);
        Publish(new RemotingShutdownEvent());
    }

    private async Task AcceptAsync(Socket listener)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                if (_inbound.Keys.Count(each => each.Peer is null) >= MaxHandshakes)
                {
                    Troubles.Tell(
                        LogLevel.WarningLevel, "handshakes", "", null,
                        "Refused a connection: {0} have not said yet who they are. Look who connects to this port: it is for the cluster's nodes only", MaxHandshakes);
                    socket.Dispose();
                    continue;
                }

                InboundConnection connection = new(++_accepted, socket, this, _settings, _log);
                _inbound.TryAdd(connection, 0);
                _ = ServeAsync(connection);
            }
            catch (SocketException failure)
            {
                Troubles.Tell(LogLevel.ErrorLevel, "accept", "", null, "Accepting a connection failed; it is tried again: {0}", failure.Message);
                await Task.Delay(AcceptPause).ConfigureAwait(false);
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException && _stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(InboundConnection connection)
    {
        await connection.ServeAsync().ConfigureAwait(false);
        _inbound.TryRemove(connection, out _);
        if (connection.Peer is { } peer)
        {
            Publish(new DisassociatedEvent(Address, peer.From, inbound: true));
        }
    }
}
