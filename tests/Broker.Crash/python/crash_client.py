"""The load of the crash tests on confluent-kafka-python. Every command prints a journal, one event a line.

create   --topic T --partitions N
produce  --topic T --partitions N --producer ID --rate PER_SECOND
         idempotent; record s goes to partition s mod N, key ID, value "s:" and filling; until standard input ends
         prints: ack SEQUENCE PARTITION OFFSET | fail SEQUENCE REASON | end SEQUENCES_SENT
commit   --topic T --group G
         consumes and commits, until standard input ends
         prints: seen PARTITION OFFSET PRODUCER SEQUENCE | attempt PARTITION OFFSET | commit PARTITION OFFSET
                 | fetched PARTITION OFFSET | end 0
read-all --topic T --partitions N
         prints: range PARTITION LOW HIGH | record PARTITION OFFSET PRODUCER SEQUENCE
"""
import argparse
import os
import select
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

# A restart takes seconds; a broker that is away for this long does not come back.
DEADLINE_S = 60
COMMIT_EVERY = 100
FILLING = "x" * 200

CLIENT = {
    # Come back quickly after each restart: the default goes up to ten seconds.
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 500,
    "retry.backoff.ms": 50,
    "socket.timeout.ms": 10_000,
    "log_level": 2,
}


def input_closed():
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable) and sys.stdin.read(1) == ""


def fail(reason):
    print(reason, file=sys.stderr, flush=True)
    # No exit handlers: the library's threads may be stuck in what went wrong.
    os._exit(3)


def write(line):
    sys.stdout.write(line + "\n")


def create(args, conf):
    admin = AdminClient(conf)
    for done in admin.create_topics([NewTopic(args.topic, args.partitions, 1)]).values():
        done.result(DEADLINE_S)
    deadline = time.monotonic() + DEADLINE_S
    while len(admin.list_topics(args.topic).topics[args.topic].partitions) != args.partitions:
        if time.monotonic() > deadline:
            fail("the topic did not appear")


def produce(args, conf):
    def on_error(error):
        if error.fatal():
            fail(f"fatal: {error}")

    producer = Producer({
        **conf, "enable.idempotence": True, "linger.ms": 2,
        # librdkafka before 2.3 (its pull request 4438) takes a batch whose connection broke for stored, and fails for
        # good when the one behind it is refused. With one request in flight there is none behind it.
        "max.in.flight.requests.per.connection": 1, "message.timeout.ms": 4 * DEADLINE_S * 1000,
        "queue.buffering.max.messages": 10_000, "error_cb": on_error,
    })
    sequence = 0
    start = time.monotonic()
    while not input_closed():
        due = int((time.monotonic() - start) * args.rate)
        while sequence < due:
            def delivered(error, message, sequence=sequence):
                if error is None:
                    write(f"ack {sequence} {message.partition()} {message.offset()}")
                else:
                    write(f"fail {sequence} {error.name()}")
            try:
                producer.produce(
                    args.topic, key=str(args.producer), value=f"{sequence}:{FILLING}",
                    partition=sequence % args.partitions, on_delivery=delivered)
            except BufferError:
                # The broker is away: go on from here when it is back, at the same rate.
                start += (due - sequence) / args.rate
                break
            sequence += 1
        producer.poll(0.01)
        sys.stdout.flush()
    if producer.flush(DEADLINE_S) != 0:
        fail("records are neither acknowledged nor failed")
    write(f"end {sequence}")


def parsed(message):
    return f"{message.partition()} {message.offset()} {message.key().decode()} {message.value().split(b':', 1)[0].decode()}"


def commit(args, conf):
    consumer = Consumer({
        **conf, "group.id": args.group, "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "session.timeout.ms": 6_000, "heartbeat.interval.ms": 500,
    })
    consumer.subscribe([args.topic])
    next_offsets = {}
    pending = 0
    while not input_closed():
        message = consumer.poll(0.05)
        if message is not None and message.error() is None:
            write(f"seen {parsed(message)}")
            next_offsets[message.partition()] = message.offset() + 1
            pending += 1
        if pending >= COMMIT_EVERY:
            commit_once(consumer, args.topic, next_offsets)
            next_offsets = {}
            pending = 0
            sys.stdout.flush()
    consumer.close()
    write("end 0")


def commit_once(consumer, topic, next_offsets):
    wanted = [TopicPartition(topic, partition, offset) for partition, offset in sorted(next_offsets.items())]
    for position in wanted:
        write(f"attempt {position.partition} {position.offset}")
    try:
        for position in consumer.commit(offsets=wanted, asynchronous=False):
            if position.error is None:
                write(f"commit {position.partition} {position.offset}")
        for position in consumer.committed(wanted, timeout=5):
            if position.error is None and position.offset >= 0:
                write(f"fetched {position.partition} {position.offset}")
            elif position.error is None:
                # A coordinator that knows nothing of the group says so with a negative offset.
                write(f"fetched {position.partition} 0")
    except KafkaException as error:
        print(f"commit: {error}", file=sys.stderr)


def read_all(args, conf):
    consumer = Consumer({**conf, "group.id": "none", "enable.auto.commit": False, "auto.offset.reset": "error"})
    ends = {}
    for partition in range(args.partitions):
        low, high = consumer.get_watermark_offsets(TopicPartition(args.topic, partition), DEADLINE_S)
        write(f"range {partition} {low} {high}")
        if high > low:
            ends[partition] = high
    consumer.assign([TopicPartition(args.topic, partition, 0) for partition in ends])
    last = time.monotonic()
    while ends:
        for message in consumer.consume(10_000, 0.2):
            if message.error() is not None:
                fail(str(message.error()))
            write(f"record {parsed(message)}")
            last = time.monotonic()
            if message.offset() + 1 >= ends.get(message.partition(), 1 << 62):
                del ends[message.partition()]
        if time.monotonic() - last > DEADLINE_S:
            fail(f"no record arrives; still to read: {ends}")
    consumer.close()


def main():
    commands = {"create": create, "produce": produce, "commit": commit, "read-all": read_all}
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=commands)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--partitions", type=int)
    parser.add_argument("--producer", type=int)
    parser.add_argument("--rate", type=int)
    parser.add_argument("--group")
    args = parser.parse_args()
    commands[args.command](args, {**CLIENT, "bootstrap.servers": args.bootstrap})
    sys.stdout.flush()


if __name__ == "__main__":
    main()
