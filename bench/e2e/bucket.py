#!/usr/bin/env python3
"""
Measures a broker whose log lives in a bucket of Ceph's gateway, with its WAL there too. docs/benchmarks.md has the method.
"""
import argparse
import json
import os
import sys

import chart
import history
from acks import LATENCIES, Bench
from ceph import Ceph
from onceph import REPO

STEPS = ["start", "acks", "rates", "throughput", "idle", "frontier", "history"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"what to measure, all if none is named: {', '.join(STEPS)}")
    parser.add_argument("--mb", type=int, default=1000, help="MB at full rate")
    parser.add_argument("--history-mb", type=int, default=5000, help="MB of the history")
    parser.add_argument("--seconds", type=int, default=20, help="of each run at a fixed rate")
    parser.add_argument("--frontier-seconds", type=int, default=10, help="of each point of the frontier")
    parser.add_argument("--settle-seconds", type=int, default=70, help="before the idle minute: uploads and their deletions come to their end")
    parser.add_argument("--wal", choices=["disk", "bucket"], default="bucket", help="of the history's broker")
    parser.add_argument("--nodes", type=int, default=1, help="brokers that share the bucket")
    parser.add_argument("--override", action="append", default=[], help="setting of the broker, key=value")
    args = parser.parse_args()
    unknown = [step for step in args.steps if step not in STEPS]
    if unknown:
        parser.error(f"no such step: {', '.join(unknown)}")
    args.steps = args.steps or STEPS
    args.folder = REPO / f"artifacts/bench/bucket-{os.getpid()}"
    args.driver, args.delay = (REPO / "artifacts/bench" / name for name in ("driver", "delay"))
    if not args.driver.exists() or not args.delay.exists():
        sys.exit("bench: build the driver first: make -C bench/e2e")
    return args


def main():
    args = parse()
    # Twice what a step stores, while its WAL and what compaction replaced are not deleted.
    store_bytes = 12_000_000_000 + 2_000_000 * (args.mb + args.history_mb)
    results = {}
    for step in args.steps:
        if step != "frontier":
            # Some store 10 GB in memory.
            with Ceph(args.folder / "ceph", REPO, store_bytes) as ceph:
                results[step] = history.measure(args, ceph) if step == "history" else getattr(Bench(args, ceph), step)()
    if "frontier" in args.steps:
        results["frontier"] = []
        for latency in LATENCIES:
            with Ceph(args.folder / "ceph", REPO, store_bytes) as ceph:
                results["frontier"] += Bench(args, ceph).frontier(latency)
    out = REPO / "artifacts/bench"
    (out / "bucket.json").write_text(json.dumps(results, indent=2) + "\n")
    if "frontier" in results:
        (out / "frontier.svg").write_text(chart.frontier(results["frontier"]))


if __name__ == "__main__":
    main()
