"""A history many times the cache, read by a cold broker while a producer goes on."""
import statistics
import threading

from acks import paced
from measure import Driver, Load, touch_free_memory
from onceph import OnCeph, Spent, say


def measure(args, ceph):
    load = Load(produce_mb=args.history_mb, warmup_mb=50, latency_seconds=args.seconds)
    rows = []
    touch_free_memory(2 * args.history_mb)
    with OnCeph(args.folder / "history", ceph, "history", [f"wal.kind={args.wal}", "cache.block.bytes=268435456", *args.override]) as broker:
        driver = Driver(args.driver, broker.bootstrap, load)
        for topic in ("history", "tail"):
            driver.run("create", topic)
        written = driver.produce("history", load.produce_mb)
        rows.append(say("history written", mb=load.produce_mb, mb_per_s=written["mb_per_s"], rss_mb=broker.peak_rss_mb()))
        broker.restart()
        paced(driver, "tail", load.latency_rate_mb, load.latency_seconds)
        before = paced(driver, "tail", load.latency_rate_mb, load.latency_seconds)
        with Spent(broker) as spent:
            read, during = read_beside_producer(driver, load)
        after = paced(driver, "tail", load.latency_rate_mb, load.latency_seconds)
        p99 = statistics.median(one["p99_ms"] for one in during)
        gigabytes = load.produce_mb / 1000
        rows.append(say("cold catch-up", mb_per_s=read["mb_per_s"], rss_mb=broker.peak_rss_mb(), **spent.per_gb(gigabytes)))
        rows.append(say("tail publish p99", before_ms=before["p99_ms"], during_ms=p99, after_ms=after["p99_ms"], during_to_before=p99 / before["p99_ms"]))
    return rows


def read_beside_producer(driver, load):
    """Reads the history from its start; the producer's runs meanwhile. Each is short, so that most lie within the catch-up."""
    during = []
    done = threading.Event()

    def produce_on():
        while not done.is_set():
            during.append(paced(driver, "tail", load.latency_rate_mb, 5))

    producer = threading.Thread(target=produce_on)
    producer.start()
    try:
        read = driver.consume("history", load.produce_mb)
    finally:
        done.set()
        producer.join()
    return read, during[:-1] or during
