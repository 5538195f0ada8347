"""The command line and the line protocol that the client programs of the interop tests share.

Records travel as one JSON object a line: {"partition", "key", "value", "headers": [[name, value]...]}, texts or null.
produce reads records from standard input and prints one {"partition", "offset"} each, in their order.
The consuming commands print records with "offset" and "timestamp" (ms) added. member also prints {"assigned": [...]}.
"""
import argparse
import json
import select
import sys

# Ten times what the largest command takes on a busy machine with two cores.
DEADLINE_S = 40


def main(*commands):
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=[command.__name__.replace("_", "-") for command in commands])
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group")
    parser.add_argument("--partitions", type=int)
    parser.add_argument("--count", type=int)
    parser.add_argument("--timestamp", type=int)
    parser.add_argument("--codec", default="none")
    parser.add_argument("--idempotent", action="store_true")
    args = parser.parse_args()
    {command.__name__.replace("_", "-"): command for command in commands}[args.command](args)
    sys.stdout.flush()


def read_records():
    for line in sys.stdin:
        record = json.loads(line)
        yield {
            "partition": record["partition"],
            "key": encoded(record["key"]),
            "value": encoded(record["value"]),
            "headers": [(name, encoded(value)) for name, value in record["headers"]],
        }


def encoded(text):
    return None if text is None else text.encode()


def decoded(data):
    return None if data is None else data.decode()


def print_record(partition, offset, timestamp, key, value, headers):
    print_event({
        "partition": partition, "offset": offset, "timestamp": timestamp, "key": decoded(key),
        "value": decoded(value), "headers": [[name, decoded(data)] for name, data in headers],
    })


def print_event(event):
    print(json.dumps(event), flush=True)


def input_closed():
    """True when the test has closed standard input, its sign to leave."""
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable) and sys.stdin.read(1) == ""


def fail(reason):
    print(reason, file=sys.stderr, flush=True)
    # No exit handlers: a client library's own threads may be stuck in what made the command fail.
    import os
    os._exit(1)
