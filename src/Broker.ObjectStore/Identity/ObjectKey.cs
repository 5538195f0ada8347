using System.Text;

namespace Broker.ObjectStore;

/// <summary>
/// The name of an object in a store: segments joined by '/', at most 1,024 UTF-8 bytes (S3's rule for keys).
/// Stricter than S3 where S3's own guide warns: no empty, "." or ".." segment (URL clients fold them away), no control
/// characters (they break XML listings), no unpaired surrogates (no UTF-8 form).
/// </summary>
public readonly record struct ObjectKey
{
    /// <summary>S3's limit for a key, in UTF-8 bytes.</summary>
    public const int MaxBytes = 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string? _value;

    /// <exception cref="StorageException">Invalid: <paramref name="value"/> is not a key; the message says why.</exception>
    public ObjectKey(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        string? fault = Fault(value);
        if (fault is not null)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"object key '{value}': {fault}");
        }

        _value = value;
    }

    /// <summary>The key as text.</summary>
    public string Value => _value ?? throw new InvalidOperationException("default(ObjectKey) names no object");

    /// <summary>Whether <paramref name="value"/> is a key.</summary>
    public static bool IsValid(string value) => Fault(value) is null;

    public override string ToString() => _value ?? "";

    private static string? Fault(string value)
    {
        if (value.Length == 0)
        {
            return "a key is not empty";
        }

        try
        {
            int bytes = StrictUtf8.GetByteCount(value);
            if (bytes > MaxBytes)
            {
                return $"{bytes} UTF-8 bytes; at most {MaxBytes} are allowed";
            }
        }
        catch (EncoderFallbackException)
        {
            return "an unpaired surrogate has no UTF-8 form";
        }

        foreach (char c in value)
        {
            if (char.IsControl(c))
            {
                return $"control character U+{(int)c:X4}";
            }
        }

        foreach (Range range in value.AsSpan().Split('/'))
        {
            ReadOnlySpan<char> segment = value.AsSpan()[range];
            if (segment.Length == 0)
            {
                return "an empty segment (a leading, trailing or doubled '/')";
            }

            if (segment is "." or "..")
            {
                return $"the segment '{segment}' is not allowed";
            }
        }

        return null;
    }
}
