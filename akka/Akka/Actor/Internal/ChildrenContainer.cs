using System.Diagnostics.CodeAnalysis;

namespace Akka.Actor;

/// <summary>Why an actor waits for children to stop.</summary>
internal abstract record SuspendReason
{
    /// <summary>Only because it asked some children to stop.</summary>
    public sealed record UserRequest : SuspendReason
    {
        public static readonly UserRequest Instance = new();
    }

    public sealed record Creation : SuspendReason
    {
        public static readonly Creation Instance = new();
    }

    public sealed record Recreation(Exception Cause) : SuspendReason;

    public sealed record Termination : SuspendReason
    {
        public static readonly Termination Instance = new();
    }
}

/// <summary>The children of one cell and what the cell waits for. Each method is atomic.</summary>
internal sealed class ChildrenContainer
{
    private const string NameDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+~";

    private readonly Lock _lock = new();

    private readonly Dictionary<string, ChildStats> _byName = [];
    private readonly HashSet<IActorRef> _toDie = [];
    private SuspendReason? _reason;
    private bool _closed;
    private long _generatedNames = -1;

    /// <summary>True while nothing beyond requested stops is going on.</summary>
    public bool IsNormal
    {
        get
        {
            lock (_lock)
            {
                return !_closed && _reason is null or SuspendReason.UserRequest;
            }
        }
    }

    public bool IsTerminating
    {
        get
        {
            lock (_lock)
            {
                return _closed;
            }
        }
    }

    /// <summary><c>$a</c>, <c>$b</c>, ... in a base of 64.</summary>
    public string NextGeneratedName()
    {
        long number = Interlocked.Increment(ref _generatedNames);
        Span<char> text = stackalloc char[12];
        int length = 0;
        text[length++] = '$';
        do
        {
            text[length++] = NameDigits[(int)(number & 63)];
            number >>= 6;
        }
        while (number != 0);
        return new string(text[..length]);
    }

    /// <summary>Adds the child that <paramref name="create"/> makes (cheaply: it runs inside the lock).</summary>
    /// <exception cref="InvalidActorNameException">A child of that name is still there.</exception>
    /// <exception cref="InvalidOperationException">The parent is stopping.</exception>
    public LocalActorRef AddNew(string name, IActorRef parent, Func<LocalActorRef> create)
    {
        lock (_lock)
        {
            if (_closed)
            {
                throw new InvalidOperationException($"Cannot create child [{name}] of [{parent}] while terminating or terminated.");
            }

            if (_byName.ContainsKey(name))
            {
                throw new InvalidActorNameException($"Actor name \"{name}\" is not unique!");
            }

            LocalActorRef child = create();
            _byName.Add(name, new ChildStats(child));
            return child;
        }
    }

    /// <summary>The parent is stopping: from now on there are no new children.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }
    }

    public bool TryGet(string name, [NotNullWhen(true)] out ChildStats? stats)
    {
        lock (_lock)
        {
            return _byName.TryGetValue(name, out stats);
        }
    }

    public bool TryGet(IActorRef child, [NotNullWhen(true)] out ChildStats? stats) =>
        TryGet(child.Path.Name, out stats) && stats.Child.Equals(child);

    /// <summary>A copy: the children may change while it is walked.</summary>
    public IInternalActorRef[] Refs()
    {
        lock (_lock)
        {
            return _byName.Count == 0 ? [] : [.. _byName.Values.Select(stats => stats.Child)];
        }
    }

    public ChildStats[] Stats()
    {
        lock (_lock)
        {
            return [.. _byName.Values];
        }
    }

    /// <summary>Notes that a child was asked to stop.</summary>
    public void ShallDie(IActorRef child)
    {
        lock (_lock)
        {
            if (_byName.TryGetValue(child.Path.Name, out ChildStats? stats) && stats.Child.Equals(child))
            {
                _toDie.Add(child);
                _reason ??= SuspendReason.UserRequest.Instance;
            }
        }
    }

    /// <summary>Sets what to do once the last stopping child is gone; false when no child is stopping.</summary>
    public bool SetTerminationReason(SuspendReason reason)
    {
        lock (_lock)
        {
            if (_toDie.Count == 0)
            {
                return false;
            }

            _reason = reason;
            return true;
        }
    }

    /// <summary>Forgets a child that has stopped; returns the reason when it was the last one waited for.</summary>
    public SuspendReason? Remove(IActorRef child)
    {
        lock (_lock)
        {
            if (_byName.TryGetValue(child.Path.Name, out ChildStats? stats) && stats.Child.Equals(child))
            {
                _byName.Remove(child.Path.Name);
            }

            if (!_toDie.Remove(child) || _toDie.Count > 0)
            {
                return null;
            }

            SuspendReason? ended = _reason;
            _reason = null;
            return ended;
        }
    }
}
