using System.Runtime.InteropServices;

namespace Broker.Wire.Compression;

/// <summary>The frame functions of liblz4 (lz4frame.h).</summary>
internal static unsafe partial class Lz4Native
{
    public const string Library = "liblz4.so.1";

    /// <summary>LZ4F_VERSION: the interface that this file describes.</summary>
    public const uint Version = 100;

    /// <summary>LZ4F_max64KB.</summary>
    public const int BlockSize64KiB = 4;

    /// <summary>LZ4F_blockIndependent.</summary>
    public const int BlockIndependent = 1;

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nuint LZ4F_compressFrameBound(nuint sourceBytes, in Preferences preferences);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nuint LZ4F_compressFrame(byte* target, nuint capacity, byte* source, nuint sourceBytes, in Preferences preferences);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nuint LZ4F_createDecompressionContext(out nint context, uint version);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nuint LZ4F_freeDecompressionContext(nint context);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nuint LZ4F_decompress(
        nint context, byte* target, ref nuint targetBytes, byte* source, ref nuint sourceBytes, nint options);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial uint LZ4F_isError(nuint code);

    [LibraryImport(Library)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static partial nint LZ4F_getErrorName(nuint code);

    /// <summary>LZ4F_preferences_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Preferences
    {
        public int BlockSizeId;
        public int BlockMode;
        public int ContentChecksum;
        public int FrameType;
        public ulong ContentSize;
        public uint DictionaryId;
        public int BlockChecksum;
        public int CompressionLevel;
        public uint AutoFlush;
        public uint FavorDecompressionSpeed;
        public uint Reserved0;
        public uint Reserved1;
        public uint Reserved2;
    }
}
