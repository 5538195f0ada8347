using System.Net;
using System.Net.Sockets;

namespace Broker.TestSupport.S3;

/// <summary>
/// An HTTP proxy before a server of S3, which does to requests what networks do. Method, target and all headers pass unchanged, "Host" too, so that
/// signatures hold: clients sign for the proxy's address, and the server sees that. Faults come by rules: each request takes the first that matches it, and
/// uses it up. Thread-safe.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int MaxRequests = 10_000;

    private readonly TcpListener _listener;
    private readonly Uri _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _connections = [];
    private readonly List<(Func<ProxiedRequest, bool> Matches, ProxyFault Fault, int Times)> _rules = [];
    private readonly Queue<ProxiedRequest> _requests = [];
    private TaskCompletionSource _arrival = new();
    private int _connectionsAccepted;
    private readonly Task _accepting;

    /// <param name="server">Whom it stands before.</param>
    /// <param name="address">Where it listens; null: on loopback.</param>
    public FaultProxy(Uri server, IPAddress? address = null)
    {
        _server = server;
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        Endpoint = new Uri($"http://{_listener.LocalEndpoint}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect to.</summary>
    public Uri Endpoint { get; }

    /// <summary>Connections that clients have opened so far.</summary>
    public int ConnectionsAccepted => Volatile.Read(ref _connectionsAccepted);

    /// <summary>Says how long the next request waits before it is forwarded; null = not at all. Called by several threads.</summary>
    public Func<TimeSpan>? Latency { get; set; }

    /// <summary>The requests so far, at most the last 10,000, in the order of their arrival.</summary>
    public IReadOnlyList<ProxiedRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Waits until a request that matches has arrived.</summary>
    public async Task ArrivalAsync(Func<ProxiedRequest, bool> matches)
    {
        while (true)
        {
            Task next;
            lock (_requests)
            {
                if (_requests.Any(matches))
                {
                    return;
                }

                next = _arrival.Task;
            }

            // Longer than any request takes to come; a test that waits in vain must say so.
            await next.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>The next requests that match get this fault, as many as <paramref name="times"/> says.</summary>
    public void Inject(Func<ProxiedRequest, bool> matches, ProxyFault fault, int times = 1)
    {
        lock (_rules)
        {
            _rules.Add((matches, fault, times));
        }
    }

    /// <summary>Faults that are not used up befall nobody any more. Requests that hang go on to do so.</summary>
    public void Heal()
    {
        lock (_rules)
        {
            _rules.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                client.NoDelay = true;
                Interlocked.Increment(ref _connectionsAccepted);
                _connections.RemoveAll(connection => connection.IsCompleted);
                _connections.Add(new ProxyConnection(client, _server, Judge, () => Latency?.Invoke() ?? TimeSpan.Zero).RunAsync(_stop.Token));
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private ProxyFault? Judge(ProxiedRequest request)
    {
        TaskCompletionSource arrival;
        lock (_requests)
        {
            _requests.Enqueue(request);
            if (_requests.Count > MaxRequests)
            {
                _requests.Dequeue();
            }

            arrival = _arrival;
            _arrival = new TaskCompletionSource();
        }

        arrival.SetResult();

        lock (_rules)
        {
            int i = _rules.FindIndex(rule => rule.Matches(request));
            if (i < 0)
            {
                return null;
            }

            (Func<ProxiedRequest, bool> matches, ProxyFault fault, int times) = _rules[i];
            if (times == 1)
            {
                _rules.RemoveAt(i);
            }
            else
            {
                _rules[i] = (matches, fault, times - 1);
            }

            return fault;
        }
    }
}
