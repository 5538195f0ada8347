namespace Akka.Util;

/// <summary>An application's version, such as <c>1.2.3</c> or <c>1.2.3-rc1</c>: numbers compare as numbers, a suffix comes before none.</summary>
public class AppVersion : IComparable<AppVersion>, IEquatable<AppVersion>
{
    public static readonly AppVersion Zero = new("0.0.0");

    private readonly int[] _numbers;
    private readonly string _suffix;

    private AppVersion(string version)
    {
        Version = version;
        int end = version.AsSpan().IndexOfAnyExceptInRange('.', '9');
        string numbers = end < 0 ? version : version[..end];
        _suffix = end < 0 ? "" : version[end..];
        _numbers = [.. numbers.Split('.').Select(part => int.TryParse(part, out int number) ? number : 0)];
    }

    public string Version { get; }

    public static AppVersion Create(string version) => new(version);

    public int CompareTo(AppVersion? other)
    {
        if (other is null)
        {
            return 1;
        }

        for (int i = 0; i < Math.Max(_numbers.Length, other._numbers.Length); i++)
        {
            int byNumber = _numbers.ElementAtOrDefault(i).CompareTo(other._numbers.ElementAtOrDefault(i));
            if (byNumber != 0)
            {
                return byNumber;
            }
        }

        return (_suffix, other._suffix) switch
        {
            ("", "") => 0,
            ("", _) => 1,
            (_, "") => -1,
            _ => string.CompareOrdinal(_suffix, other._suffix),
        };
    }

    public bool Equals(AppVersion? other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => Equals(obj as AppVersion);

    public override int GetHashCode() => Version.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Version;
}
