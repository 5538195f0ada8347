using System.Globalization;

namespace Akka.Configuration.Hocon;

/// <summary>Numbers with units.</summary>
internal static class HoconUnits
{
    public static bool TryTimeSpan(string? text, bool allowInfinite, out TimeSpan span)
    {
        span = default;
        if (allowInfinite && text is "infinite" or "-1")
        {
            span = Timeout.InfiniteTimeSpan;
            return true;
        }

        if (!TrySplit(text, out double number, out string unit) || number < 0)
        {
            return false;
        }

        double ticksPerUnit = unit switch
        {
            "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => 0.01,
            "us" or "micro" or "micros" or "microsecond" or "microseconds" => TimeSpan.TicksPerMicrosecond,
            "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => TimeSpan.TicksPerMillisecond,
            "s" or "second" or "seconds" => TimeSpan.TicksPerSecond,
            "m" or "minute" or "minutes" => TimeSpan.TicksPerMinute,
            "h" or "hour" or "hours" => TimeSpan.TicksPerHour,
            "d" or "day" or "days" => TimeSpan.TicksPerDay,
            _ => -1,
        };
        span = new TimeSpan((long)(number * ticksPerUnit));
        return ticksPerUnit > 0;
    }

    public static bool TryByteSize(string text, out long bytes)
    {
        bytes = 0;
        if (!TrySplit(text, out double number, out string unit))
        {
            return false;
        }

        double factor = unit switch
        {
            "" or "b" or "B" or "byte" or "bytes" => 1,
            "kB" or "kilobyte" or "kilobytes" => 1e3,
            "MB" or "megabyte" or "megabytes" => 1e6,
            "GB" or "gigabyte" or "gigabytes" => 1e9,
            "TB" or "terabyte" or "terabytes" => 1e12,
            "k" or "K" or "Ki" or "KiB" or "kibibyte" or "kibibytes" => 1L << 10,
            "m" or "M" or "Mi" or "MiB" or "mebibyte" or "mebibytes" => 1L << 20,
            "g" or "G" or "Gi" or "GiB" or "gibibyte" or "gibibytes" => 1L << 30,
            "t" or "T" or "Ti" or "TiB" or "tebibyte" or "tebibytes" => 1L << 40,
            _ => -1,
        };
        bytes = (long)(number * factor);
        return factor > 0;
    }

    private static bool TrySplit(string? text, out double number, out string unit)
    {
        text = text?.Trim() ?? "";
        int end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] is '.' or '-' or '+'))
        {
            end++;
        }

        unit = text[end..].Trim();
        return double.TryParse(text.AsSpan(0, end), NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }
}
