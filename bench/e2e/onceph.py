"""Our broker on a bucket of Ceph's gateway, and what it asks of it."""
import json
import resource
import shutil
import time
import urllib.request
from collections import Counter
from pathlib import Path

from brokers import Ours, free_port

REPO = Path(__file__).resolve().parents[2]

# Of S3's list prices per million requests, in dollars.
PRICES = {"put": 5.0, "list": 5.0, "get": 0.4, "head": 0.4, "delete": 0.0}


class OnCeph(Ours):
    """With its WAL in the bucket too, unless a setting says otherwise, and a management endpoint that can be asked for its requests."""

    def __init__(self, folder, ceph, prefix, overrides=()):
        self.management_port = free_port()
        super().__init__(folder, REPO, [
            "wal.kind=bucket", f"management.listener=127.0.0.1:{self.management_port}", *ceph.settings(prefix), *overrides])
        self.ceph = ceph

    def environment(self):
        return self.ceph.environment()

    def requests(self):
        """Requests so far, by kind and purpose."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.management_port}/store/requests", timeout=10) as answer:
            counts = json.load(answer)["requests"]
        return {(count["operation"], count["purpose"]): count["requests"] for count in counts}


class ClusterOnCeph:
    """Several of them that share the bucket, seen as one: what they ask for and use is their sum."""

    def __init__(self, folder, ceph, prefix, overrides, nodes):
        self.folder = Path(folder)
        self.ceph = ceph
        self.nodes = [
            OnCeph(self.folder / f"node-{number}", ceph, prefix, [f"node.id={number}", "cluster.address=127.0.0.1:0", *overrides]) for number in range(1, nodes + 1)]

    @property
    def bootstrap(self):
        return ",".join(node.bootstrap for node in self.nodes)

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        for node in self.nodes:
            node.folder.mkdir(parents=True)
        self.start()
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.stop()
        shutil.rmtree(self.folder)

    def start(self):
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_it_serves_or_stop()

    def kill(self):
        for node in self.nodes:
            node.kill()

    def requests(self):
        total = Counter()
        for node in self.nodes:
            total.update(node.requests())
        return dict(total)

    def cpu_seconds(self):
        return sum(node.cpu_seconds() for node in self.nodes)

    def peak_rss_mb(self):
        return sum(node.peak_rss_mb() for node in self.nodes)


def on_ceph(folder, ceph, prefix, overrides, nodes):
    """One broker, or several that are one cluster."""
    return OnCeph(folder, ceph, prefix, overrides) if nodes == 1 else ClusterOnCeph(folder, ceph, prefix, overrides, nodes)


class Spent:
    """What is spent between the beginning and the end of a `with`: requests, time, CPU seconds of the broker, of its store, and of the clients that ran."""

    def __init__(self, broker):
        self.broker = broker

    def __enter__(self):
        self.before, self.cpu_before, self.started = self.broker.requests(), self.cpu_seconds(), time.monotonic()
        return self

    def cpu_seconds(self):
        clients = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {"": self.broker.cpu_seconds(), "store_": self.broker.ceph.cpu_seconds(), "client_": clients.ru_utime + clients.ru_stime}

    def __exit__(self, *_):
        after = self.broker.requests()
        self.requests = {key: count - self.before.get(key, 0) for key, count in after.items() if count > self.before.get(key, 0)}
        self.cpu_s = {whose: seconds - self.cpu_before[whose] for whose, seconds in self.cpu_seconds().items()}
        self.seconds = time.monotonic() - self.started

    def kind(self, *kinds):
        return sum(count for (kind, _), count in self.requests.items() if kind in kinds)

    def per_gb(self, gigabytes):
        cpu = {f"{whose}cpu_s_per_gb": seconds / gigabytes for whose, seconds in self.cpu_s.items()}
        return {**cpu, "put_per_gb": self.kind("put") / gigabytes,
                "get_per_gb": self.kind("get", "head") / gigabytes, "list_per_gb": self.kind("list") / gigabytes}

    def dollars_per_month(self):
        """What these requests cost if the load goes on for 30 days."""
        each = sum(count * PRICES.get(kind, PRICES["put"]) / 1e6 for (kind, _), count in self.requests.items())
        return each / self.seconds * 30 * 86400


def say(what, **figures):
    print(f"{what:<48}" + "  ".join(f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()), flush=True)
    return {"what": what, **figures}
