"""One round: the same load on one broker, with the same driver, in the same order."""
import json
import mmap
import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What a round sends. Sizes in MB are millions of bytes."""
    produce_mb: int
    warmup_mb: int
    latency_seconds: int
    latency_rate_mb: int = 5
    partitions: int = 16
    record_bytes: int = 1024
    acks: int = -1
    linger_ms: int = 5
    latency_linger_ms: int = 1
    # At a low rate clients' default partitioners stay with a partition for a batch; 8 records are 1.6 ms at 5 MB/s.
    latency_sticky: int = 8
    batch_bytes: int = 131_072
    codec: str = "none"
    threads: int = 1

    def records(self, mb):
        return max(1, mb * 1_000_000 // self.record_bytes)


class Driver:
    def __init__(self, program, bootstrap, load):
        self.program = program
        self.bootstrap = bootstrap
        self.load = load

    def run(self, mode, topic, **options):
        words = [str(self.program), mode, "--bootstrap", self.bootstrap, "--topic", topic,
                 "--partitions", str(self.load.partitions)]
        for name, value in options.items():
            words += ["--" + name.replace("_", "-"), str(value)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}\n{done.stderr}")
        return json.loads(done.stdout)

    def produce(self, topic, mb, **options):
        settings = {
            "records": self.load.records(mb), "record_bytes": self.load.record_bytes, "acks": self.load.acks,
            "linger_ms": self.load.linger_ms, "batch_bytes": self.load.batch_bytes, "codec": self.load.codec,
            "threads": self.load.threads}
        return self.run("produce", topic, **{**settings, **options})

    def consume(self, topic, mb):
        return self.run("consume", topic, records=self.load.records(mb))


def touch_free_memory(mb):
    """
    Uses so much free memory and gives it back. A virtual machine may have returned its free pages to the host, and the first
    use of each then costs a fault there, which counts as CPU time of whoever is first: up to a second per GB.
    """
    piece = bytes([1]) * (1 << 20)
    with mmap.mmap(-1, mb * 1_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        for position in range(0, len(memory) - len(piece), len(piece)):
            memory[position:position + len(piece)] = piece


def with_cost(broker, action, file_mb):
    """Runs an action; adds the CPU seconds that the broker spent meanwhile, where it is ours to watch."""
    # Dirty pages of an earlier phase would otherwise be written back during this one.
    os.sync()
    touch_free_memory(3 * file_mb)
    before = broker.cpu_seconds() if broker else 0
    result = action()
    result["broker_cpu_s"] = broker.cpu_seconds() - before if broker else None
    return result


def run_round(driver, broker, suffix=""):
    """Warm-up (compilers, page cache), full-rate produce, consume of it from the start, produce at a fixed rate."""
    load = driver.load
    topics = {name: f"bench-{name}{suffix}" for name in ("warmup", "rate", "latency")}
    for topic in topics.values():
        driver.run("create", topic)
    driver.produce(topics["warmup"], load.warmup_mb)
    driver.consume(topics["warmup"], load.warmup_mb)
    produced = with_cost(broker, lambda: driver.produce(topics["rate"], load.produce_mb), load.produce_mb)
    consumed = with_cost(broker, lambda: driver.consume(topics["rate"], load.produce_mb), load.produce_mb)
    paced = with_cost(broker, lambda: driver.produce(
        topics["latency"], load.latency_rate_mb * load.latency_seconds, rate_mb=load.latency_rate_mb,
        linger_ms=load.latency_linger_ms, sticky=load.latency_sticky), load.latency_rate_mb * load.latency_seconds)
    gigabytes = load.produce_mb / 1000
    cpu = None if broker is None else (produced["broker_cpu_s"] + consumed["broker_cpu_s"]) / gigabytes
    return {
        "produce_mb_per_s": produced["mb_per_s"],
        "produce_records_per_s": produced["records_per_s"],
        "consume_mb_per_s": consumed["mb_per_s"],
        "cpu_s_per_gb": cpu,
        "produce_cpu_s_per_gb": None if broker is None else produced["broker_cpu_s"] / gigabytes,
        "consume_cpu_s_per_gb": None if broker is None else consumed["broker_cpu_s"] / gigabytes,
        "peak_rss_mb": None if broker is None else broker.peak_rss_mb(),
        "full_rate_p99_ms": produced["p99_ms"],
        "p50_ms": paced["p50_ms"],
        "p99_ms": paced["p99_ms"],
        "p999_ms": paced["p999_ms"],
        "max_ms": paced["max_ms"],
    }
