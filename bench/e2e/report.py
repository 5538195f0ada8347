"""Rows, ratios and goals of a benchmark, as text."""
from statistics import median

COLUMNS = [
    ("produce_mb_per_s", "produce MB/s", "{:.1f}"),
    ("produce_records_per_s", "records/s", "{:.0f}"),
    ("consume_mb_per_s", "consume MB/s", "{:.1f}"),
    ("cpu_s_per_gb", "CPU s/GB", "{:.2f}"),
    ("produce_cpu_s_per_gb", "produce", "{:.2f}"),
    ("consume_cpu_s_per_gb", "consume", "{:.2f}"),
    ("peak_rss_mb", "RSS MB", "{:.0f}"),
    ("p50_ms", "p50 ms", "{:.2f}"),
    ("p99_ms", "p99 ms", "{:.2f}"),
    ("p999_ms", "p99.9 ms", "{:.2f}"),
]

# What ours has to reach, as a multiple of Apache Kafka's figure on the same machine.
GOALS = [
    ("produce_mb_per_s", "produce rate", "at least", 1.0),
    ("consume_mb_per_s", "consume rate", "at least", 1.0),
    ("cpu_s_per_gb", "CPU per GB", "at most", 0.7),
    ("peak_rss_mb", "memory", "at most", 0.5),
]


def print_header():
    print("| round | broker | " + " | ".join(title for _, title, _ in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 2) + "|")


def print_row(label, broker, figures):
    cells = ["-" if figures[key] is None else form.format(figures[key]) for key, _, form in COLUMNS]
    print(f"| {label} | {broker} | " + " | ".join(cells) + " |", flush=True)


def medians(rounds):
    return {key: None if rounds[0][key] is None else median(row[key] for row in rounds) for key, _, _ in COLUMNS}


def ratios(ours, kafka):
    """Medians of ours / Kafka's, round by round: a slow spell of the machine hits both of a pair."""
    return {key: median(o[key] / k[key] for o, k in zip(ours, kafka)) for key, _, _ in COLUMNS}


def print_goals(ratio):
    print()
    for key, name, direction, goal in GOALS:
        reached = ratio[key] >= goal if direction == "at least" else ratio[key] <= goal
        verdict = "reached" if reached else "not reached"
        print(f"{name}: {ratio[key]:.2f} x Apache Kafka's, goal {direction} {goal:.1f}: {verdict}")
