#!/usr/bin/env python3
"""
Measures three brokers on one bucket: how long partitions take no records when a broker is killed, when one is stopped, and while one that was added gets its share.
docs/benchmarks.md has the method.
"""
import argparse
import json
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from brokers import Ours
from ceph import Ceph
from onceph import REPO, say
from probe import Probe

STEPS = ["failover", "coordinator", "move", "scale"]
TOPIC = "bench"

# Of the partitions that move, spread over them. Each writes as soon as it was answered, and a pause later: they must not keep the brokers busy.
PROBES = 8


class Node(Ours):
    def __init__(self, folder, number, settings, environment):
        super().__init__(folder, REPO, [f"node.id={number}", "cluster.address=127.0.0.1:0", "wal.kind=bucket", *settings])
        self.number, self.given = number, environment

    def environment(self):
        return self.given


class Cluster:
    """Brokers that come and go, on one store."""

    def __init__(self, args, ceph, name):
        self.folder = args.folder / name
        self.settings = (ceph.settings(name) if ceph else [f"object.store=file:{self.folder}/bucket"]) + args.override
        self.environment = ceph.environment() if ceph else {}
        self.nodes = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            if node.process.poll() is None:
                node.stop()

    def add(self, number):
        node = Node(self.folder / f"node-{number}", number, self.settings, self.environment)
        node.folder.mkdir(parents=True, exist_ok=True)
        node.start()
        self.nodes[number] = node

    @property
    def bootstrap(self):
        return ",".join(node.bootstrap for node in self.nodes.values())

    def leaders(self):
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        topic = admin.list_topics(TOPIC, timeout=30).topics[TOPIC]
        return {number: partition.leader for number, partition in topic.partitions.items()}

    def create(self, partitions):
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        admin.create_topics([NewTopic(TOPIC, partitions, 1)])[TOPIC].result(60)
        while -1 in (leaders := self.leaders()).values() or len(leaders) < partitions:
            time.sleep(0.1)


class Load(threading.Thread):
    """A producer that sends to each partition in turn, the longest time that each waited for an acknowledgement since the last look, and the time
    from then to the first acknowledgement of a record that was sent after it."""

    def __init__(self, cluster, partitions, rate, value_bytes):
        super().__init__(daemon=True)
        self.partitions, self.rate, self.value = partitions, rate, os.urandom(value_bytes)
        self.last, self.gap = [time.monotonic()] * partitions, [0.0] * partitions
        self.looked, self.first = time.monotonic(), [None] * partitions
        self.sent = self.acknowledged = self.failed = 0
        self.ends = False
        # librdkafka sends a request for each partition, and an idempotent one has five in flight: those would wait for each other, and not for the brokers. And while a leader is gone it asks
        # for the next one after pauses that double (0.1, 0.3, 0.7, 1.5, 3.1 s after it was gone) up to topic.metadata.refresh.interval.ms: those would be measured in place of the brokers.
        self.producer = Producer({
            "bootstrap.servers": cluster.bootstrap, "acks": "all", "max.in.flight.requests.per.connection": 1000, "linger.ms": 5, "message.timeout.ms": 120000, "retry.backoff.ms": 20,
            "topic.metadata.refresh.interval.ms": 100, "log_level": 0})

    def run(self):
        due = time.monotonic()
        while not self.ends:
            for partition in range(self.partitions):
                try:
                    self.producer.produce(TOPIC, self.value, partition=partition, on_delivery=partial(self.on_delivery, time.monotonic()))
                    self.sent += 1
                except BufferError:
                    self.producer.poll(0.001)
                due += 1 / self.rate
                self.producer.poll(max(0, due - time.monotonic()))
        self.producer.flush(120)

    def on_delivery(self, sent, error, message):
        if error:
            self.failed += 1
            return
        self.acknowledged += 1
        now, partition = time.monotonic(), message.partition()
        self.gap[partition] = max(self.gap[partition], now - self.last[partition])
        self.last[partition] = now
        if self.first[partition] is None and sent >= self.looked:
            self.first[partition] = now - self.looked

    def look(self):
        gaps, self.gap = self.gap, [0.0] * self.partitions
        self.looked, self.first = time.monotonic(), [None] * self.partitions
        return gaps

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        self.join()
        if self.failed or self.acknowledged < self.sent:
            raise RuntimeError(f"{self.failed} of {self.sent} records failed, {self.acknowledged} were acknowledged")


def gaps_ms(gaps):
    ordered = sorted(gap * 1000 for gap in gaps)
    return {"p50_ms": ordered[len(ordered) // 2], "p99_ms": ordered[int(len(ordered) * 0.99)], "max_ms": ordered[-1]}


class Bench:
    def __init__(self, args, ceph):
        self.args, self.ceph = args, ceph

    def loaded(self, name, nodes):
        cluster = Cluster(self.args, self.ceph, name)
        try:
            for number in range(1, nodes + 1):
                cluster.add(number)
            cluster.create(self.args.partitions)
        except BaseException:
            cluster.__exit__()
            raise
        return cluster

    def load(self, cluster):
        return Load(cluster, self.args.partitions, self.args.rate, self.args.value_bytes)

    def failover(self, name="failover", victim=3):
        """The time from the kill of a broker to the first acknowledgement of each of its partitions."""
        with self.loaded(name, 3) as cluster, self.load(cluster) as load:
            time.sleep(self.args.warm_seconds)
            before = cluster.leaders()
            load.look()
            time.sleep(self.args.warm_seconds)
            normal = load.look()
            cluster.nodes[victim].kill()
            time.sleep(self.args.warm_seconds + 10)
            firsts = load.first
            gaps = load.look()
            return say(f"kill -9, {self.args.partitions} partitions, {name}", **gaps_ms([firsts[p] for p, leader in before.items() if leader == victim]),
                       others_max_ms=max(gaps[p] for p, leader in before.items() if leader != victim) * 1000, before_max_ms=max(normal) * 1000)

    def coordinator(self):
        """The same, of the broker that coordinates: the oldest."""
        return self.failover("coordinator", 1)

    @staticmethod
    def probes(cluster, partitions):
        """Clients of some of these partitions, when it is known how long they usually wait."""
        brokers = [("127.0.0.1", int(node.bootstrap.split(":")[1])) for node in cluster.nodes.values()]
        probes = [Probe(brokers, TOPIC, partition) for partition in partitions[:: len(partitions) // PROBES][:PROBES]]
        for probe in probes:
            probe.start()
        # First without what beginning costs.
        for _ in range(2):
            time.sleep(2)
            for probe in probes:
                probe.usual()
        return probes

    def move(self):
        """The gap of partitions that move from a broker that is stopped to the others, by clients that write all the time: the first time that brokers do it, and once more."""
        with self.loaded("move", 3) as cluster, self.load(cluster) as load:
            time.sleep(self.args.warm_seconds)
            results = [self.stop(cluster, load, "first")]
            cluster.add(3)
            self.await_share(cluster, 3)
            time.sleep(self.args.warm_seconds)
            return results + [self.stop(cluster, load, "again")]

    def stop(self, cluster, load, name):
        before = cluster.leaders()
        moving = [partition for partition, leader in before.items() if leader == 3]
        probes = self.probes(cluster, moving)
        load.look()
        started = time.monotonic()
        cluster.nodes[3].process.send_signal(signal.SIGTERM)
        cluster.nodes[3].process.wait(60)
        took = time.monotonic() - started
        time.sleep(3)
        gaps = load.look()
        for probe in probes:
            probe.ends = True
        log = (cluster.nodes[3].folder / "broker.log").read_text().rpartition("moves to others before it leaves")[2].splitlines()
        closed = [float(line.split(" for ")[1].split(" ms")[0]) for line in log if "Gave up" in line]
        drained = [float(line.split(" after ")[1].split(" ms")[0]) for line in log if "leads nothing any more" in line]
        return say(f"SIGTERM, {self.args.partitions} partitions, {name}", **gaps_ms([probe.gap_s for probe in probes]), before_max_ms=max(probe.usual_s for probe in probes) * 1000,
                   closed_max_ms=max(closed), drained_ms=drained[0] if drained else "not in time", stop_s=took, load_max_ms=max(gaps[p] for p in moving) * 1000)

    def await_share(self, cluster, number):
        """Returns what leads what when a broker has its share of it."""
        started = time.monotonic()
        while list((now := cluster.leaders()).values()).count(number) < self.args.partitions // len(cluster.nodes) * 0.9:
            if time.monotonic() - started > 120:
                raise RuntimeError("the broker that was added does not get its share")
            time.sleep(0.2)
        return now

    def scale(self):
        """How long a broker that is added takes to have its share, and the gaps meanwhile."""
        with self.loaded("scale", 2) as cluster, self.load(cluster) as load:
            time.sleep(self.args.warm_seconds)
            load.look()
            before = cluster.leaders()
            cluster.add(3)
            started = time.monotonic()
            now = self.await_share(cluster, 3)
            took = time.monotonic() - started
            time.sleep(2)
            gaps = load.look()
            return say(f"third broker, {self.args.partitions} partitions", share_s=took, **gaps_ms([gaps[p] for p, leader in now.items() if leader != before[p]]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"what to measure, all if none is named: {', '.join(STEPS)}")
    parser.add_argument("--partitions", type=int, default=500)
    parser.add_argument("--rate", type=int, default=1000, help="records per second")
    parser.add_argument("--value-bytes", type=int, default=200)
    parser.add_argument("--warm-seconds", type=int, default=8)
    parser.add_argument("--override", action="append", default=[], help="setting of the brokers, key=value")
    parser.add_argument("--store", choices=["file", "ceph"], default="ceph")
    args = parser.parse_args()
    if unknown := [step for step in args.steps if step not in STEPS]:
        parser.error(f"no such step: {', '.join(unknown)}")
    args.folder = Path(REPO / f"artifacts/bench/cluster-{os.getpid()}")
    results = {}
    for step in args.steps or STEPS:
        if args.store == "file":
            results[step] = getattr(Bench(args, None), step)()
        else:
            with Ceph(args.folder / f"ceph-{step}", REPO, 8_000_000_000) as ceph:
                results[step] = getattr(Bench(args, ceph), step)()
    (REPO / "artifacts/bench/cluster.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
