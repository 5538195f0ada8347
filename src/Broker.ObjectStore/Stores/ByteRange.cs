namespace Broker.ObjectStore;

/// <summary>
/// Which bytes of an object a GET asks for, with S3's rules (RFC 9110, section 14.1.2): a range that ends beyond the object is
/// cut; one that begins at or beyond its end is refused (416); a suffix longer than the object is the whole object.
/// </summary>
public readonly record struct ByteRange
{
    private readonly Form _form;
    private readonly long _offset;
    private readonly long _length;

    /// <summary><paramref name="length"/> bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="StorageException">Invalid: a negative offset or a length below 1 (HTTP has no empty range).</exception>
    public ByteRange(long offset, long length)
        : this(Form.Slice, offset, length)
    {
        if (offset < 0 || length < 1 || offset > long.MaxValue - length)
        {
            throw new StorageException(
                StorageErrorKind.Invalid,
                $"byte range of {length} bytes from {offset}: the offset must be 0 or more and the length 1 or more");
        }
    }

    private ByteRange(Form form, long offset, long length)
    {
        _form = form;
        _offset = offset;
        _length = length;
    }

    private enum Form
    {
        All,
        Slice,
        Suffix,
    }

    /// <summary>The whole object, also an empty one.</summary>
    public static ByteRange All => default;

    /// <summary>Whether the whole object is asked for.</summary>
    public bool IsAll => _form == Form.All;

    /// <summary>How many bytes it can name at most; null for the whole object.</summary>
    internal long? MaxLength => _form == Form.All ? null : _length;

    /// <summary>The last <paramref name="length"/> bytes (or the whole object, when it is shorter).</summary>
    /// <exception cref="StorageException">Invalid: a length below 1.</exception>
    public static ByteRange Suffix(long length)
    {
        return length >= 1
            ? new ByteRange(Form.Suffix, 0, length)
            : throw new StorageException(StorageErrorKind.Invalid, $"suffix range of {length} bytes: it must be 1 or more");
    }

    /// <summary>The value of the HTTP Range header, or null for the whole object.</summary>
    public string? ToHttpHeader() => _form switch
    {
        Form.All => null,
        Form.Suffix => $"bytes=-{_length}",
        _ => $"bytes={_offset}-{_offset + _length - 1}",
    };

    /// <summary>Where the range lies in an object of <paramref name="sizeBytes"/> bytes.</summary>
    /// <exception cref="StorageException">Invalid: the range begins at or beyond the end (S3 answers 416).</exception>
    public (long Offset, long Length) Resolve(ObjectKey key, long sizeBytes)
    {
        switch (_form)
        {
            case Form.All:
                return (0, sizeBytes);
            case Form.Suffix when sizeBytes > 0:
                long length = Math.Min(_length, sizeBytes);
                return (sizeBytes - length, length);
            case Form.Slice when _offset < sizeBytes:
                return (_offset, Math.Min(_length, sizeBytes - _offset));
            default:
                throw new StorageException(
                    StorageErrorKind.Invalid, $"range {ToHttpHeader()} lies outside '{key}', which has {sizeBytes} bytes");
        }
    }

    /// <summary>Where the range lies in an object of <paramref name="sizeBytes"/> bytes, for a caller who has room for <paramref name="roomBytes"/>.</summary>
    /// <exception cref="StorageException">Invalid: as of <see cref="Resolve"/>; the range's bytes do not fit.</exception>
    public (long Offset, int Length) ResolveInto(ObjectKey key, long sizeBytes, long roomBytes)
    {
        (long offset, long length) = Resolve(key, sizeBytes);
        return length <= Math.Min(roomBytes, Array.MaxLength)
            ? (offset, (int)length)
            : throw new StorageException(
                StorageErrorKind.Invalid, $"the {length} bytes that {this} names of '{key}' do not fit into {roomBytes}; ask for a smaller range");
    }

    public override string ToString() => ToHttpHeader() ?? "bytes=all";
}
