"""A history many times the cache, read by a cold broker: with nothing else to do, and while a producer goes on."""
import statistics
import threading

from acks import LATENCIES, name_of, paced
from measure import Driver, Load, touch_free_memory
from onceph import Spent, on_ceph, say


def measure(args, ceph):
    load = Load(produce_mb=args.history_mb, warmup_mb=50, latency_seconds=args.seconds)
    with broker_of(args, ceph) as broker:
        driver = Driver(args.driver, broker.bootstrap, load)
        for topic in ("history", "tail"):
            driver.run("create", topic)
        touch_free_memory(2 * args.history_mb)
        written = driver.produce("history", load.produce_mb)
        rows = [say("history written", mb=load.produce_mb, mb_per_s=written["mb_per_s"], rss_mb=broker.peak_rss_mb())]
    for latency in LATENCIES:
        with ceph.further_away(args.delay, latency):
            for catch_up in (alone, beside_producer):
                with broker_of(args, ceph) as broker:
                    rows += catch_up(broker, Driver(args.driver, broker.bootstrap, load), name_of(latency))
    return rows


def broker_of(args, ceph):
    """With a cold cache, on what the one before left in the bucket."""
    return on_ceph(args.folder / "history", ceph, "history", [f"wal.kind={args.wal}", "cache.block.bytes=268435456", *args.override], args.nodes)


def alone(broker, driver, name):
    load = driver.load
    with Spent(broker) as spent:
        read = driver.consume("history", load.produce_mb)
    return [say(f"cold catch-up alone, {name}", mb_per_s=read["mb_per_s"], rss_mb=broker.peak_rss_mb(), **spent.per_gb(load.produce_mb / 1000))]


def beside_producer(broker, driver, name):
    load = driver.load
    paced(driver, "tail", load.latency_rate_mb, load.latency_seconds)
    before = paced(driver, "tail", load.latency_rate_mb, load.latency_seconds)
    with Spent(broker) as spent:
        read, during = read_beside_producer(driver, load)
    after = paced(driver, "tail", load.latency_rate_mb, load.latency_seconds)
    p99 = statistics.median(one["p99_ms"] for one in during)
    return [
        say(f"cold catch-up beside a producer, {name}", mb_per_s=read["mb_per_s"], rss_mb=broker.peak_rss_mb(), **spent.per_gb(load.produce_mb / 1000)),
        say(f"tail p99, {name}", before_ms=before["p99_ms"], during_ms=p99, after_ms=after["p99_ms"], during_to_before=p99 / before["p99_ms"])]


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
