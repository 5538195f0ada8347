namespace Broker.ObjectStore.Cache;

/// <summary>A growing ring: add at the end, remove at the front, read by index from the front. Not thread-safe.</summary>
internal sealed class Deque<T>
{
    private const int InitialCapacity = 16;

    private T[] _items = new T[InitialCapacity];
    private int _head;

    public int Count { get; private set; }

    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return _items[(_head + index) & (_items.Length - 1)];
        }
    }

    public void Add(T item)
    {
        if (Count == _items.Length)
        {
            Resize(_items.Length * 2);
        }

        _items[(_head + Count) & (_items.Length - 1)] = item;
        Count++;
    }

    public T RemoveFirst()
    {
        T item = this[0];
        _items[_head] = default!;
        _head = (_head + 1) & (_items.Length - 1);
        Count--;
        if (_items.Length > InitialCapacity && Count < _items.Length / 4)
        {
            Resize(_items.Length / 2);
        }

        return item;
    }

    private void Resize(int capacity)
    {
        T[] items = new T[capacity];
        for (int i = 0; i < Count; i++)
        {
            items[i] = this[i];
        }

        _items = items;
        _head = 0;
    }
}
