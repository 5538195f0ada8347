#if DEBUG
using System.Runtime.CompilerServices;
#endif
using Broker.ObjectStore.Buffers;

namespace Broker.ObjectStore.Unit.Buffers;

public sealed class BufferPoolTests
{
    private readonly BufferPool _pool = new(new BufferPoolOptions { MaxRetainedBytes = 8192 });

    [Theory]
    [InlineData(0, 512)]
    [InlineData(1, 512)]
    [InlineData(512, 512)]
    [InlineData(513, 640)]
    [InlineData(641, 768)]
    [InlineData(1024, 1024)]
    [InlineData((128 << 10) + 300, 160 << 10)]
    [InlineData(4 << 20, 4 << 20)]
    [InlineData((4 << 20) + 1, (4 << 20) + 1)]
    public void Rent_gives_exactly_the_length_and_counts_the_size_class(int bytes, int classBytes)
    {
        BufferLease lease = _pool.Rent(bytes);
        Assert.Equal(bytes, lease.Memory.Length);
        Assert.Equal(classBytes, _pool.OutstandingBytes);
        Assert.Equal(classBytes, lease.CapacityBytes);
        Assert.Equal(classBytes, BufferPool.CapacityOf(bytes));
        lease.Release();
        Assert.Equal(0, _pool.OutstandingBytes);
    }

    [Fact]
    public void Pool_reuses_what_came_back_and_keeps_no_more_than_its_bound()
    {
        BufferLease[] leases = [.. Enumerable.Range(0, 20).Select(_ => _pool.Rent(1024))];
        Array.ForEach(leases, lease => lease.Release());
        Assert.Equal(8192, _pool.RetainedBytes);
        BufferLease again = _pool.Rent(1000);
        Assert.Equal(8192 - 1024, _pool.RetainedBytes);
        again.Release();
    }

    [Fact]
    public void Lease_lives_until_its_last_release_and_then_refuses_every_use()
    {
        BufferLease lease = _pool.Rent(10);
        lease.AddRef();
        lease.Release();
        lease.Memory.Span[9] = 1;
        Assert.Equal(0, _pool.RetainedBytes);
        lease.Release();
        Assert.Equal(512, _pool.RetainedBytes);
        Assert.Throws<ObjectDisposedException>(() => lease.Memory);
        Assert.Throws<ObjectDisposedException>(lease.AddRef);
        Assert.Throws<ObjectDisposedException>(lease.Release);
        Assert.Throws<ObjectDisposedException>(lease.Release);
        Assert.Equal(512, _pool.RetainedBytes);
    }

    [Fact]
    public void Pool_gives_each_array_to_one_owner_when_many_threads_use_it()
    {
        Parallel.For(0, 4, thread =>
        {
            Random random = new(thread);
            for (int i = 0; i < 5000; i++)
            {
                BufferLease lease = _pool.Rent(random.Next(1, 3000));
                Span<byte> bytes = lease.Memory.Span;
                bytes.Fill((byte)thread);
                Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)thread));
                lease.Release();
            }
        });
        Assert.Equal(0, _pool.OutstandingBytes);
        Assert.InRange(_pool.RetainedBytes, 1, 8192);
    }

#if DEBUG
    [Fact]
    public void Lease_that_nobody_released_is_counted_with_the_place_that_rented_it()
    {
        RentAndForget();
        for (int i = 0; i < 10 && _pool.LeakCount == 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(1, _pool.LeakCount);
        Assert.Equal(0, _pool.OutstandingBytes);
        Assert.Contains(nameof(RentAndForget), _pool.LastLeak, StringComparison.Ordinal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RentAndForget() => _pool.Rent(100).Memory.Span.Clear();
#endif
}
