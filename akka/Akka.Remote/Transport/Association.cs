using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Event;

namespace Akka.Remote.Transport;

/// <summary>
/// The way to one other system: a bounded queue and a connection, which is opened when there is something to send, and
/// again when it broke. While the system can't be reached, the gate is closed and messages become dead letters; it opens
/// after a time that doubles with each failure, or at once when the other system connects to this one.
/// </summary>
internal sealed class Association
{
    /// <summary>What is gathered into one write.</summary>
    private const int MaxBatchBytes = 64 * 1024;

    /// <summary>Runs of a system that were cut off; more than these have not been there within the gate's times.</summary>
    private const int MaxQuarantined = 64;

    /// <summary>The gate's first time; a process that restarts is there again in about as much.</summary>
    private static readonly TimeSpan FirstGate = TimeSpan.FromMilliseconds(50);

    /// <summary>More than anybody waits for.</summary>
    private const int MaxDoublings = 20;

    /// <summary>An attempt to connect that takes longer than this in one network has lost packets.</summary>
    private static readonly TimeSpan StuckAfter = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly OutboundQueue _queue;
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<int> _quarantined = new();
    private readonly TcpRemoting _remoting;
    private readonly RemoteActorRefProvider _provider;
    private readonly TcpSettings _settings;
    private readonly ILoggingAdapter _log;
    private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConnectionAttempt? _attempt;
    private OutboundConnection? _connection;
    private Task? _running;
    private volatile bool _gateClosed;
    private int _failures;

    public Association(Address remote, TcpRemoting remoting, RemoteActorRefProvider provider, TcpSettings settings, ILoggingAdapter log)
    {
        Remote = remote;
        _remoting = remoting;
        _provider = provider;
        _settings = settings;
        _log = log;
        _queue = new OutboundQueue(remote, provider.System, settings.QueueMessages, log);
    }

    public Address Remote { get; }

    /// <summary>Any thread; never blocks, never throws.</summary>
    public void Send(object message, IActorRef? sender, RemoteActorRef recipient)
    {
        Outgoing outgoing = new(message, sender, recipient);
        if (_gateClosed)
        {
            _queue.Lose(outgoing);
        }
        else if (_queue.Add(outgoing))
        {
            EnsureRunning();
        }
    }

    public bool IsQuarantined(int uid)
    {
        lock (_lock)
        {
            return _quarantined.Contains(uid);
        }
    }

    /// <summary>Nothing goes to that run of the system any more; null for the one that is connected now.</summary>
    /// <returns>The run that was cut off just now; null when it was before, or none is known.</returns>
    public int? Quarantine(int? uid)
    {
        OutboundConnection? connection;
        int cutOff;
        lock (_lock)
        {
            connection = _connection;
            if ((uid ?? connection?.Peer.Uid) is not { } known || _quarantined.Contains(known))
            {
                return null;
            }

            cutOff = known;
            _quarantined.Enqueue(known);
            if (_quarantined.Count > MaxQuarantined)
            {
                _quarantined.Dequeue();
            }
        }

        if (connection?.Peer.Uid == cutOff)
        {
            connection.Close();
        }

        return cutOff;
    }

    /// <summary>The other system is there: it has just connected to this one. What is sent from now on goes to it.</summary>
    public void Wake()
    {
        ConnectionAttempt? stuck = null;
        lock (_lock)
        {
            _gateClosed = false;
            _wake.TrySetResult();
            if (_attempt is { } attempt && Stopwatch.GetElapsedTime(attempt.StartedAt) > StuckAfter)
            {
                // It waits for answers to packets that were lost; a new one is faster.
                attempt.IsOvertaken = true;
                stuck = attempt;
            }
        }

        stuck?.Cancel();
    }

    /// <summary>Sends what is queued, as far as the time allows, and closes.</summary>
    public async Task StopAsync()
    {
        _queue.Complete();
        Task? running;
        lock (_lock)
        {
            running = _running;
        }

        if (running is not null)
        {
            bool isConnected = Volatile.Read(ref _connection) is not null;
            TimeSpan wait = isConnected || _settings.FlushWait < StuckAfter ? _settings.FlushWait : StuckAfter;
            if (_gateClosed || await Task.WhenAny(running, Task.Delay(wait)).ConfigureAwait(false) != running)
            {
                await _stop.CancelAsync().ConfigureAwait(false);
                await running.ConfigureAwait(false);
            }
        }
    }

    private void EnsureRunning()
    {
        if (Volatile.Read(ref _running) is null)
        {
            lock (_lock)
            {
                _running ??= RunAsync();
            }
        }
    }

    private async Task RunAsync()
    {
        // The first step is on the sender's thread, which has other things to do.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (await _queue.WaitToReadAsync(_stop.Token).ConfigureAwait(false))
            {
                await ConnectAndSendAsync().ConfigureAwait(false);
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
            _queue.LoseAll();
        }
    }

    private async Task ConnectAndSendAsync()
    {
        try
        {
            using ConnectionAttempt attempt = new(_stop.Token);
            using OutboundConnection? connection = await TryConnectAsync(attempt).ConfigureAwait(false);
            if (connection is not null)
            {
                await PumpAsync(connection).ConfigureAwait(false);
            }
            else if (!attempt.IsOvertaken)
            {
                await WaitAtGateAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (!_stop.IsCancellationRequested)
        {
            // None that is known of; the association must not end with it.
            _log.Error(failure, "Sending to [{0}] failed: {1}", Remote, failure.Message);
            await WaitAtGateAsync().ConfigureAwait(false);
        }
    }

    private async Task<OutboundConnection?> TryConnectAsync(ConnectionAttempt attempt)
    {
        string reason;
        Exception? cause = null;
        Volatile.Write(ref _attempt, attempt);
        try
        {
            Hello hello = new(_remoting.Address, _remoting.Uid, Remote);
            OutboundConnection connection = await OutboundConnection.OpenAsync(hello, _settings, attempt.Cancellation.Token).ConfigureAwait(false);
            if (Admit(connection, out reason))
            {
                _failures = 0;
                _remoting.Publish(new AssociatedEvent(_remoting.Address, Remote, inbound: false));
                return connection;
            }

            connection.Dispose();
        }
        catch (Exception failure) when (failure is SocketException or SerializationException or OperationCanceledException or ObjectDisposedException
            && !_stop.IsCancellationRequested)
        {
            cause = failure;
            reason = failure is OperationCanceledException ? $"no answer within {_settings.ConnectionTimeout}" : failure.Message;
        }
        finally
        {
            lock (_lock)
            {
                _attempt = null;
            }
        }

        if (attempt.IsOvertaken)
        {
            return null;
        }

        // Once for each time that the system is out of reach: the attempts that follow say nothing new.
        const string Text = "Association with remote system [{0}] has failed: {1}. Messages to it are dropped until it can be reached.";
        if (_failures++ == 0)
        {
            _remoting.Troubles.Tell(LogLevel.WarningLevel, "unreached", Remote.ToString(), null, Text, Remote, reason);
        }

        _remoting.Publish(new AssociationErrorEvent(cause ?? new RemoteTransportException(reason), _remoting.Address, Remote, inbound: false, LogLevel.DebugLevel));
        return null;
    }

    private bool Admit(OutboundConnection connection, out string reason)
    {
        HelloReply peer = connection.Peer;
        if (peer.Result != HandshakeResult.Accepted)
        {
            reason = "refused: " + _remoting.Explain(peer.Result, peer.Version, Remote);
            if (peer.Result == HandshakeResult.Quarantined)
            {
                _remoting.Publish(new ThisActorSystemQuarantinedEvent(_remoting.Address, Remote));
            }

            return false;
        }

        lock (_lock)
        {
            reason = "its UID is quarantined";
            if (_quarantined.Contains(peer.Uid))
            {
                return false;
            }

            _connection = connection;
            return true;
        }
    }

    private async Task PumpAsync(OutboundConnection connection)
    {
        Task<string> watching = connection.WatchAsync();
        EnvelopeWriter writer = new(_provider, _settings, _remoting.Troubles);
        string reason = "";
        using CancellationTokenRegistration stopping = _stop.Token.Register(connection.Close);
        ICancelable pings = _remoting.EveryHeartbeat(_queue.AddPing);
        try
        {
            while (await _queue.WaitToReadAsync(connection.Closed).ConfigureAwait(false))
            {
                while (writer.Length < MaxBatchBytes && _queue.TryRead(out Outgoing next))
                {
                    writer.Write(next);
                }

                await connection.SendAsync(writer.Written).ConfigureAwait(false);
                writer.Clear();
            }

            connection.EndSending();
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            reason = failure.Message;
        }
        finally
        {
            pings.Cancel();
        }

        lock (_lock)
        {
            _connection = null;
        }

        connection.Close();
        string ended = await watching.ConfigureAwait(false);
        _remoting.Publish(new DisassociatedEvent(_remoting.Address, Remote, inbound: false));
        _log.Debug("Association with [{0}] ended: {1} ({2})", Remote, ended, reason);
        if (IsQuarantined(connection.Peer.Uid))
        {
            _queue.LoseAll();
        }
        else if (connection.Age < FirstGate)
        {
            // A connection that breaks as soon as it is there must not become a loop.
            await Task.Delay(FirstGate, _stop.Token).ConfigureAwait(false);
        }
    }

    private async Task WaitAtGateAsync()
    {
        TimeSpan wait = FirstGate * Math.Pow(2, Math.Clamp(_failures - 1, 0, MaxDoublings));
        Task woken;
        lock (_lock)
        {
            _wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            woken = _wake.Task;
            _gateClosed = true;
        }

        _queue.LoseAll();
        try
        {
            await woken.WaitAsync(wait < _settings.RetryGateClosedFor ? wait : _settings.RetryGateClosedFor, _stop.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The usual end of the wait.
        }

        _gateClosed = false;
    }

    /// <summary>A connection that is being opened.</summary>
    private sealed class ConnectionAttempt(CancellationToken stop) : IDisposable
    {
        public CancellationTokenSource Cancellation { get; } = CancellationTokenSource.CreateLinkedTokenSource(stop);

        public long StartedAt { get; } = Stopwatch.GetTimestamp();

        /// <summary>The other system has connected meanwhile: this says nothing of it.</summary>
        public bool IsOvertaken { get; set; }

        public void Cancel()
        {
            try
            {
                Cancellation.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }

        public void Dispose() => Cancellation.Dispose();
    }
}
