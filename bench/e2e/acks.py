"""The WAL in a bucket: acknowledgements beside the raw conditional PUT, throughput, the first acknowledgement, an idle minute, and latency against requests."""
import os
import re
import statistics
import subprocess
import time

from measure import Driver, Load, touch_free_memory
from onceph import Spent, on_ceph, say

RAW_PUTS = 200

# Of a record that is sent alone: a usual batch of Kafka's producer.
ALONE_BYTES = 16_000

# Latencies that are added to each request, as p50 and p99 in ms: none; a store in the same zone; S3 as it is measured for small objects.
LATENCIES = [None, (8, 25), (60, 250)]
BUDGETS = [1, 2, 5, 10, 20, 50, 0]
FRONTIER_RATES = [20, 50]


def name_of(latency):
    return "as it is" if latency is None else f"+ {latency[0]}/{latency[1]} ms"


def paced(driver, topic, rate, seconds, linger_ms=None):
    load = driver.load
    linger_ms = load.latency_linger_ms if linger_ms is None else linger_ms
    return driver.produce(topic, rate * seconds, rate_mb=rate, linger_ms=linger_ms, sticky=load.latency_sticky)


def raw_puts(ceph, size):
    """The p50 of conditional PUTs of that size, one after the other, in ms."""
    body = os.urandom(size)
    times = []
    for number in range(RAW_PUTS):
        start = time.monotonic()
        status = ceph.put(f"/{ceph.bucket}/raw/{size}/{time.monotonic_ns()}-{number}", body, if_none_match="*")
        times.append((time.monotonic() - start) * 1000)
        if status != 200:
            raise RuntimeError(f"a raw PUT was answered with {status}")
    return statistics.median(times)


class Bench:
    def __init__(self, args, ceph):
        self.args, self.ceph, self.brokers = args, ceph, 0

    def broker(self, *overrides):
        """On a part of the bucket that is its own."""
        self.brokers += 1
        return on_ceph(self.args.folder / "broker", self.ceph, f"cluster-{self.brokers}", [*overrides, *self.args.override], self.args.nodes)

    def driver(self, broker):
        load = Load(produce_mb=self.args.mb, warmup_mb=100, latency_seconds=self.args.seconds)
        return Driver(self.args.driver, broker.bootstrap, load)

    def warm(self, driver):
        driver.run("create", "t")
        driver.produce("t", driver.load.warmup_mb)
        paced(driver, "t", 2, 5)

    def acks(self):
        """At each latency, with the default budget and with none: p50 and p99 at 1 MB/s and of one record at a time, and the raw PUT of the same bytes."""
        rows = []
        for latency in LATENCIES:
            with self.ceph.further_away(self.args.delay, latency):
                for budget in (None, 0):
                    with self.broker(*([] if budget is None else ["wal.bucket.max.puts.per.second=0"])) as broker:
                        driver = self.driver(broker)
                        self.warm(driver)
                        named = f"{name_of(latency)}, budget {'default' if budget is None else 'none'}"
                        rows.append(self.ack(broker, driver, f"1 MB/s, {named}"))
                        if budget == 0:
                            rows.append(self.alone(driver, f"one at a time, {named}"))
        return rows

    def ack(self, broker, driver, what):
        seconds = self.args.seconds
        with Spent(broker) as spent:
            result = paced(driver, "t", 1, seconds, linger_ms=0)
        puts = spent.requests.get(("put", "wal"), 1)
        raw = raw_puts(self.ceph, int(seconds * 1e6 / puts))
        return say(what, p50_ms=result["p50_ms"], p99_ms=result["p99_ms"], raw_put_p50_ms=raw, ratio=result["p50_ms"] / raw, wal_puts_per_s=puts / seconds)

    def alone(self, driver, what):
        """Records one after the other, as the raw PUTs are: what the broker adds to one."""
        driver.run("produce", "t", records=20, record_bytes=ALONE_BYTES, linger_ms=0, in_flight=1)
        result = driver.run("produce", "t", records=RAW_PUTS, record_bytes=ALONE_BYTES, linger_ms=0, in_flight=1)
        raw = raw_puts(self.ceph, ALONE_BYTES)
        return say(what, p50_ms=result["p50_ms"], p99_ms=result["p99_ms"], raw_put_p50_ms=raw, ratio=result["p50_ms"] / raw)

    def throughput(self):
        """As fast as it goes: librdkafka; and Apache Kafka's own producer with its defaults and with batches of 1 MiB."""
        rows = []
        with self.broker() as broker:
            driver = self.driver(broker)
            self.warm(driver)
            rows.append(self.at_full_rate(broker, "full rate, librdkafka, 128 KiB", lambda: driver.produce("t", self.args.mb)))
            tools = os.environ.get("KAFKA_TOOLS")
            if not tools:
                print("not measured, KAFKA_TOOLS is not set: Apache Kafka's producer")
                return rows
            for what, options in (("default settings", []), ("batches of 1 MiB", ["batch.size=1048576"])):
                self.java(tools, broker, 100, options)
                rows.append(self.at_full_rate(broker, f"full rate, Java, {what}", lambda: self.java(tools, broker, self.args.mb, options)))
        return rows

    def at_full_rate(self, broker, what, produce):
        touch_free_memory(3 * self.args.mb)
        with Spent(broker) as spent:
            result = produce()
        return say(what, mb_per_s=result["mb_per_s"], p50_ms=result["p50_ms"], rss_mb=broker.peak_rss_mb(), **spent.per_gb(self.args.mb / 1000))

    def java(self, tools, broker, mb, options, rate_mb=None):
        throughput = -1 if rate_mb is None else rate_mb * 1_000_000 // 1024
        done = subprocess.run(
            [f"{tools}/kafka", "kafka-producer-perf-test", "--topic", "t", "--num-records", str(mb * 1_000_000 // 1024), "--record-size", "1024",
             "--throughput", str(throughput), "--producer-props", f"bootstrap.servers={broker.bootstrap}", *options], capture_output=True, text=True, check=True)
        last = done.stdout.strip().splitlines()[-1]
        found = re.search(r"([\d.]+) records/sec .* (\d+) ms 50th, .* (\d+) ms 99th", last)
        if not found:
            raise RuntimeError(done.stdout + done.stderr)
        return {"mb_per_s": float(found[1]) * 1024 / 1e6, "p50_ms": float(found[2]), "p99_ms": float(found[3])}

    def rates(self):
        """What it costs at a fixed rate: small batches of librdkafka; Apache Kafka's own producer with its defaults."""
        rows = []
        with self.broker() as broker:
            driver = self.driver(broker)
            self.warm(driver)
            for rate in FRONTIER_RATES:
                touch_free_memory(2 * rate * self.args.seconds)
                with Spent(broker) as spent:
                    result = paced(driver, "t", rate, self.args.seconds)
                rows.append(say(f"{rate} MB/s", p50_ms=result["p50_ms"], p99_ms=result["p99_ms"], **spent.per_gb(rate * self.args.seconds / 1000)))
            tools = os.environ.get("KAFKA_TOOLS")
            if tools:
                self.java(tools, broker, 100, [])
                mb = 20 * self.args.seconds
                touch_free_memory(2 * mb)
                with Spent(broker) as spent:
                    result = self.java(tools, broker, mb, [], rate_mb=20)
                rows.append(say("20 MB/s, Java, default settings", p50_ms=result["p50_ms"], p99_ms=result["p99_ms"], **spent.per_gb(mb / 1000)))
        return rows

    def start(self):
        """From the start of the process to the first acknowledgement: of an empty bucket, and after kill -9 under load."""
        rows = []
        broker = self.broker()
        began = time.monotonic()
        with broker:
            driver = self.driver(broker)
            driver.run("create", "t")
            self.one(driver)
            rows.append(say("empty start to the first ack", s=time.monotonic() - began))
            driver.produce("t", 300)
            broker.kill()
            began = time.monotonic()
            broker.start()
            self.one(driver)
            rows.append(say("kill -9 to the first ack", s=time.monotonic() - began))
        return rows

    def one(self, driver):
        driver.run("produce", "t", records=1, record_bytes=100, acks=-1, linger_ms=0)

    def idle(self):
        """A minute without clients, when uploads and deletions have come to their end."""
        with self.broker() as broker:
            driver = self.driver(broker)
            self.warm(driver)
            time.sleep(self.args.settle_seconds)
            with Spent(broker) as spent:
                time.sleep(60)
            return [say("idle minute", requests=sum(spent.requests.values()))]

    def frontier(self, latency):
        """Latency against requests, as the budget for PUTs varies."""
        rows = []
        with self.ceph.further_away(self.args.delay, latency):
            for budget in BUDGETS:
                # All PUTs keep to the budget here, but full ones; and the driver's one connection may have in progress what a second brings.
                with self.broker(f"wal.bucket.max.puts.per.second={budget}", "wal.bucket.small.put.bytes=8388608",
                                 "connection.requests.in.flight=10000", "connection.request.bytes.in.flight=67108864") as broker:
                    driver = self.driver(broker)
                    self.warm(driver)
                    for rate in FRONTIER_RATES:
                        rows.append(self.point(broker, driver, latency, budget, rate))
        return rows

    def point(self, broker, driver, latency, budget, rate):
        seconds = self.args.frontier_seconds
        touch_free_memory(2 * rate * seconds)
        with Spent(broker) as spent:
            result = paced(driver, "t", rate, seconds)
        cost = spent.per_gb(rate * seconds / 1000)
        row = say(f"{rate} MB/s, {name_of(latency)}, budget {budget or 'none'}", p50_ms=result["p50_ms"], p99_ms=result["p99_ms"], **cost,
                  dollars_per_month=spent.dollars_per_month())
        return {**row, "latency": name_of(latency), "budget": budget, "rate": rate}
