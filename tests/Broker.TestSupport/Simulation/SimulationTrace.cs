using System.Globalization;
using System.Text;

namespace Broker.TestSupport.Simulation;

/// <summary>
/// What happened in a run, event by event: a hash of all of it, by which two runs are compared, and the last of it as text, for whoever looks into a
/// failure.
/// </summary>
public sealed class SimulationTrace
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    private readonly Queue<Event> _last = new();
    private ulong _hash = FnvOffset;

    /// <summary>How many of the last events are kept.</summary>
    public int Kept { get; set; } = 400;

    public long Count { get; private set; }

    /// <summary>Equal for equal runs.</summary>
    public ulong Hash => _hash;

    /// <summary>Adds an event.</summary>
    public void Add(TimeSpan at, string who, string what, string subject, long a, long b)
    {
        Count++;
        Mix((ulong)at.Ticks);
        Mix(who);
        Mix(what);
        Mix(subject);
        Mix((ulong)a);
        Mix((ulong)b);
        Keep(new Event(at, who, what, subject, a, b));
    }

    /// <summary>Adds an event for the reader alone: it does not count when runs are compared.</summary>
    public void Remark(TimeSpan at, string who, string text) => Keep(new Event(at, who, "says", text, 0, 0));

    /// <summary>The last events, oldest first.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach (Event one in _last)
        {
            text.Append(CultureInfo.InvariantCulture, $"{one.At.TotalMilliseconds,12:F3} ms  {one.Who,-12} {one.What,-14} {one.Subject} {one.A} {one.B}").AppendLine();
        }

        return text.ToString();
    }

    private void Keep(Event @event)
    {
        _last.Enqueue(@event);
        if (_last.Count > Kept)
        {
            _last.Dequeue();
        }
    }

    private void Mix(string text)
    {
        foreach (char one in text)
        {
            _hash = (_hash ^ one) * FnvPrime;
        }

        _hash = (_hash ^ 0xffff) * FnvPrime;
    }

    private void Mix(ulong value)
    {
        for (int i = 0; i < 4; i++)
        {
            _hash = (_hash ^ (value & 0xffff)) * FnvPrime;
            value >>= 16;
        }
    }

    private readonly record struct Event(TimeSpan At, string Who, string What, string Subject, long A, long B);
}
