#!/usr/bin/env python3
"""Measures our broker end to end, beside Apache Kafka where KAFKA_TOOLS is set. docs/benchmarks.md has the method."""
import argparse
import json
import os
import sys
import time
from pathlib import Path

import report
from brokers import ApacheKafka, Ours
from measure import Driver, Load, run_round

REPO = Path(__file__).resolve().parents[2]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that all works")
    parser.add_argument("--rounds", type=int, help="rounds of each broker (default 3)")
    parser.add_argument("--mb", type=int, help="MB that a round produces at full rate (default 2000)")
    parser.add_argument("--codec", default="none", choices=["none", "gzip", "snappy", "lz4", "zstd"])
    parser.add_argument("--threads", type=int, default=1, help="producers")
    parser.add_argument("--only", choices=["ours", "kafka"], help="measure one of the two")
    parser.add_argument("--override", action="append", default=[], help="setting of our broker, key=value")
    parser.add_argument("--bootstrap", help="measure a broker that runs already (no CPU and memory figures)")
    return parser.parse_args()


def load_of(args):
    sizes = (200, 50, 5) if args.quick else (2000, 400, 20)
    return Load(
        produce_mb=args.mb or sizes[0], warmup_mb=sizes[1], latency_seconds=sizes[2], codec=args.codec,
        threads=args.threads)


def main():
    args = parse()
    load = load_of(args)
    out = REPO / "artifacts/bench"
    rounds = args.rounds or (1 if args.quick else 3)
    print(f"{load.partitions} partitions, records of {load.record_bytes} bytes, acks={load.acks}, codec {load.codec}, "
          f"{load.produce_mb} MB at full rate, then {load.latency_rate_mb} MB/s for {load.latency_seconds} s; "
          f"{os.cpu_count()} cores")
    results = {}
    report.print_header()
    if args.bootstrap:
        suffix = f"-{int(time.time())}"
        for number in range(1, rounds + 1):
            row = run_round(Driver(out / "driver", args.bootstrap, load), None, f"{suffix}-{number}")
            results.setdefault("broker", []).append(row)
            report.print_row(number, args.bootstrap, row)
    else:
        run_pairs(args, load, rounds, out, results)
    for name, rows in results.items():
        report.print_row("median", name, report.medians(rows))
    if {"ours", "kafka"} <= results.keys():
        ratio = report.ratios(results["ours"], results["kafka"])
        report.print_row("ratio", "ours/kafka", ratio)
        report.print_goals(ratio)
        results["ratio"] = ratio
    (out / "results.json").write_text(json.dumps({"load": vars(load), "results": results}, indent=2) + "\n")


def run_pairs(args, load, rounds, out, results):
    tools = os.environ.get("KAFKA_TOOLS")
    if args.only == "kafka" and not tools:
        sys.exit("bench: KAFKA_TOOLS is not set, so there is no Apache Kafka to measure")
    names = [args.only] if args.only else ["ours", "kafka"] if tools else ["ours"]
    for number in range(1, rounds + 1):
        # Each goes first in turn: neither always gets the machine that the other has warmed or filled.
        for name in names if number % 2 else reversed(names):
            folder = out / f"run-{os.getpid()}-{name}"
            broker = Ours(folder, REPO, args.override) if name == "ours" else ApacheKafka(folder, tools)
            with broker:
                row = run_round(Driver(out / "driver", broker.bootstrap, load), broker)
            results.setdefault(name, []).append(row)
            report.print_row(number, name, row)


if __name__ == "__main__":
    main()
