"""Our broker on a bucket of Ceph's gateway, and what it asks of it."""
import json
import time
import urllib.request
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


class Spent:
    """What a broker spends between the beginning and the end of a `with`: requests, CPU seconds, time."""

    def __init__(self, broker):
        self.broker = broker

    def __enter__(self):
        self.before, self.cpu_before, self.started = self.broker.requests(), self.broker.cpu_seconds(), time.monotonic()
        return self

    def __exit__(self, *_):
        after = self.broker.requests()
        self.requests = {key: count - self.before.get(key, 0) for key, count in after.items() if count > self.before.get(key, 0)}
        self.cpu_s = self.broker.cpu_seconds() - self.cpu_before
        self.seconds = time.monotonic() - self.started

    def kind(self, *kinds):
        return sum(count for (kind, _), count in self.requests.items() if kind in kinds)

    def per_gb(self, gigabytes):
        return {"cpu_s_per_gb": self.cpu_s / gigabytes, "put_per_gb": self.kind("put") / gigabytes,
                "get_per_gb": self.kind("get", "head") / gigabytes, "list_per_gb": self.kind("list") / gigabytes}

    def dollars_per_month(self):
        """What these requests cost if the load goes on for 30 days."""
        each = sum(count * PRICES.get(kind, PRICES["put"]) / 1e6 for (kind, _), count in self.requests.items())
        return each / self.seconds * 30 * 86400


def say(what, **figures):
    print(f"{what:<36}" + "  ".join(f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()), flush=True)
    return {"what": what, **figures}
