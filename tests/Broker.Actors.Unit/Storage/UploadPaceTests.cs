using Broker.Actors.Storage;

namespace Broker.Actors.Unit.Storage;

public sealed class UploadPaceTests
{
    private const long Mega = 1_000_000;

    [Theory]
    [InlineData(40, 0, 40)]
    [InlineData(50, 50, 50)]
    public void What_waits_goes_within_a_second(long waitingMb, long walMb, long mbPerSecond) =>
        Assert.Equal(mbPerSecond * Mega, UploadPace.BytesPerSecond(waitingMb * Mega, 100 * Mega, walMb * Mega, 100 * Mega));

    [Theory]
    [InlineData(75, 0, 4 * 75)]
    [InlineData(10, 75, 4 * 10)]
    [InlineData(90, 0, 25 * 90)]
    public void It_goes_faster_as_the_other_half_of_the_cache_or_of_the_wal_fills(long waitingMb, long walMb, long mbPerSecond) =>
        Assert.Equal(mbPerSecond * Mega, UploadPace.BytesPerSecond(waitingMb * Mega, 100 * Mega, walMb * Mega, 100 * Mega), Mega);

    [Theory]
    [InlineData(100, 0)]
    [InlineData(101, 0)]
    [InlineData(1, 100)]
    public void There_is_no_bound_when_there_is_no_room(long waitingMb, long walMb) =>
        Assert.Equal(double.PositiveInfinity, UploadPace.BytesPerSecond(waitingMb * Mega, 100 * Mega, walMb * Mega, 100 * Mega));

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    public void Little_goes_at_once(long waitingBytes) =>
        Assert.Equal(8 << 20, UploadPace.BytesPerSecond(waitingBytes, 100 * Mega, 0, 100 * Mega));

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Full_log_is_hurried_for_whatever_waits(long waitingBytes) =>
        Assert.Equal(double.PositiveInfinity, UploadPace.BytesPerSecond(waitingBytes, 128 << 20, 1 << 20, 1 << 20));
}
