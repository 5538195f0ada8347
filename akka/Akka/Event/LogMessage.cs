namespace Akka.Event;

/// <summary>Puts arguments into a format.</summary>
public interface ILogMessageFormatter
{
    string Format(string format, params object[] args);

    string Format(string format, IEnumerable<object> args);
}

/// <summary>Formats as <see cref="string.Format(string, object?[])"/> does.</summary>
public class DefaultLogMessageFormatter : ILogMessageFormatter
{
    public static readonly DefaultLogMessageFormatter Instance = new();

    private DefaultLogMessageFormatter()
    {
    }

    public string Format(string format, params object[] args) =>
        args.Length == 0 ? format : string.Format(System.Globalization.CultureInfo.InvariantCulture, format, args);

    public string Format(string format, IEnumerable<object> args) => Format(format, args.ToArray());
}

/// <summary>A message that is formatted only when a logger writes it.</summary>
public abstract class LogMessage
{
    protected readonly ILogMessageFormatter Formatter;

    public LogMessage(ILogMessageFormatter formatter, string format)
    {
        Formatter = formatter;
        Format = format;
    }

    public string Format { get; }

    public abstract IEnumerable<object> Parameters();

    /// <summary>Format and arguments, for when formatting fails.</summary>
    public abstract string Unformatted();
}

internal sealed class DefaultLogMessage(ILogMessageFormatter formatter, string format, object?[] args) : LogMessage(formatter, format)
{
    public override IEnumerable<object> Parameters() => args!;

    public override string Unformatted() => $"{Format} [{string.Join(", ", args)}]";

    public override string ToString()
    {
        try
        {
            return Formatter.Format(Format, args!);
        }
        catch (FormatException)
        {
            // A faulty format must not cost the entry.
            return Unformatted();
        }
    }
}
