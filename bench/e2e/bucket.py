#!/usr/bin/env python3
"""
Measures a broker whose log lives in a bucket of Ceph's gateway, with its WAL there too: acknowledgements beside the raw conditional PUT, throughput, requests
per GB and while idle, the time to the first acknowledgement; and a long history that is read by a cold broker while a producer goes on.
"""
import argparse
import json
import os
import statistics
import sys
import threading
import time
import urllib.request
from pathlib import Path

from brokers import Ours, free_port
from ceph import Ceph
from measure import Driver, Load

REPO = Path(__file__).resolve().parents[2]
RAW_PUTS = 200


class OnCeph(Ours):
    """Our broker on a bucket, with a management endpoint that can be asked for its requests."""

    def __init__(self, folder, ceph, overrides):
        self.management_port = free_port()
        super().__init__(folder, REPO, [f"management.listener=127.0.0.1:{self.management_port}", *ceph.settings("cluster"), *overrides])
        self.ceph = ceph

    def environment(self):
        return self.ceph.environment()

    def requests(self):
        """Requests so far, by kind and purpose."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.management_port}/store/requests", timeout=10) as answer:
            counts = json.load(answer)["requests"]
        return {(count["operation"], count["purpose"]): count["requests"] for count in counts}


def difference(after, before):
    return {key: count - before.get(key, 0) for key, count in after.items() if count > before.get(key, 0)}


def by_kind(requests):
    kinds = {}
    for (operation, _), count in requests.items():
        kinds[operation] = kinds.get(operation, 0) + count
    return kinds


def say(what, **figures):
    print(f"{what:<44}" + "  ".join(f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()), flush=True)


def raw_puts(ceph, size):
    """The p50 of conditional PUTs of that size, one after the other, in ms."""
    body = os.urandom(size)
    times = []
    for number in range(RAW_PUTS):
        start = time.monotonic()
        status = ceph.put(f"/{ceph.bucket}/raw/{size}/{number}", body, if_none_match="*")
        times.append((time.monotonic() - start) * 1000)
        if status != 200:
            raise RuntimeError(f"a raw PUT was answered with {status}")
    return statistics.median(times)


def measure_log(args, ceph):
    load = Load(produce_mb=args.mb, warmup_mb=50, latency_seconds=args.seconds)
    started = time.monotonic()
    with OnCeph(args.folder / "log", ceph, ["wal.kind=bucket", *args.override]) as broker:
        driver = Driver(args.driver, broker.bootstrap, load)
        driver.run("create", "t")
        driver.run("produce", "t", records=1, record_bytes=100, acks=-1, linger_ms=0)
        say("start to the first acknowledgement", s=time.monotonic() - started)
        driver.produce("t", load.warmup_mb)
        for rate in (1, 20):
            before, cpu = broker.requests(), broker.cpu_seconds()
            result = driver.produce("t", rate * load.latency_seconds, rate_mb=rate, linger_ms=load.latency_linger_ms, sticky=load.latency_sticky)
            spent = difference(broker.requests(), before)
            gigabytes = rate * load.latency_seconds / 1000
            puts = spent.get(("put", "wal"), 1)
            raw = raw_puts(ceph, int(rate * load.latency_seconds * 1e6 / puts))
            say(f"{rate} MB/s", p50_ms=result["p50_ms"], p99_ms=result["p99_ms"], raw_put_p50_ms=raw, ratio=result["p50_ms"] / raw,
                cpu_s_per_gb=(broker.cpu_seconds() - cpu) / gigabytes, **{f"{kind}_per_gb": round(count / gigabytes) for kind, count in by_kind(spent).items()})
        before, cpu = broker.requests(), broker.cpu_seconds()
        result = driver.produce("t", load.produce_mb)
        gigabytes = load.produce_mb / 1000
        say("full rate", mb_per_s=result["mb_per_s"], p50_ms=result["p50_ms"], cpu_s_per_gb=(broker.cpu_seconds() - cpu) / gigabytes,
            **{f"{kind}_per_gb": round(count / gigabytes) for kind, count in by_kind(difference(broker.requests(), before)).items()})
        time.sleep(args.settle_seconds)
        before = broker.requests()
        time.sleep(60)
        say("idle minute", requests=sum(difference(broker.requests(), before).values()))


def measure_history(args, ceph):
    """What a catch-up reader of many times the cache does to producers, and how fast it is."""
    load = Load(produce_mb=args.history_mb, warmup_mb=50, latency_seconds=args.seconds)
    overrides = ["cache.block.bytes=268435456", f"wal.kind={args.wal}", *args.override]
    with OnCeph(args.folder / "history", ceph, overrides) as broker:
        driver = Driver(args.driver, broker.bootstrap, load)
        for topic in ("history", "tail"):
            driver.run("create", topic)
        written = driver.produce("history", load.produce_mb)
        say("history written", mb=load.produce_mb, mb_per_s=written["mb_per_s"], rss_mb=broker.peak_rss_mb())
        broker.restart()
        say("restarted cold", rss_mb=broker.peak_rss_mb())
        paced = {"rate_mb": load.latency_rate_mb, "linger_ms": load.latency_linger_ms, "sticky": load.latency_sticky}
        tail_mb = load.latency_rate_mb * load.latency_seconds
        driver.produce("tail", tail_mb, **paced)
        before = driver.produce("tail", tail_mb, **paced)
        requests, cpu = broker.requests(), broker.cpu_seconds()
        during = []
        done = threading.Event()

        def produce_on():
            while not done.is_set():
                during.append(driver.produce("tail", tail_mb, **paced))

        producer = threading.Thread(target=produce_on)
        producer.start()
        read = driver.consume("history", load.produce_mb)
        done.set()
        producer.join()
        spent = by_kind(difference(broker.requests(), requests))
        after = driver.produce("tail", tail_mb, **paced)
        p99 = statistics.median(one["p99_ms"] for one in during)
        say("catch-up", mb_per_s=read["mb_per_s"], cpu_s_per_gb=(broker.cpu_seconds() - cpu) / (load.produce_mb / 1000),
            rss_mb=broker.peak_rss_mb(), get_per_gb=round(spent.get("get", 0) / (load.produce_mb / 1000)))
        say("tail publish p99", before_ms=before["p99_ms"], during_ms=p99, after_ms=after["p99_ms"], during_to_before=p99 / before["p99_ms"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["log", "history", "all"], nargs="?", default="all")
    parser.add_argument("--mb", type=int, default=1000, help="MB at full rate")
    parser.add_argument("--history-mb", type=int, default=5000, help="MB of the history")
    parser.add_argument("--seconds", type=int, default=20, help="of each run at a fixed rate")
    parser.add_argument("--settle-seconds", type=int, default=70, help="before the idle minute: uploads and their deletions come to their end")
    parser.add_argument("--wal", choices=["disk", "bucket"], default="bucket", help="of the history's broker")
    parser.add_argument("--override", action="append", default=[], help="setting of the broker, key=value")
    args = parser.parse_args()
    args.folder = REPO / f"artifacts/bench/bucket-{os.getpid()}"
    args.driver = REPO / "artifacts/bench/driver"
    if not args.driver.exists():
        sys.exit("bench: build the driver first: make -C bench/e2e")
    # Twice: objects that were replaced stay for a minute.
    with Ceph(args.folder / "ceph", REPO, store_bytes=3_000_000_000 + 2_000_000 * (args.mb + args.history_mb)) as ceph:
        if args.what != "history":
            measure_log(args, ceph)
        if args.what != "log":
            measure_history(args, ceph)


if __name__ == "__main__":
    main()
