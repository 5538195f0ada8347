"""A real client, librdkafka, under chaos: confluent-kafka-python. Every command prints what it does, one event a line with
its time in seconds before it, until its standard input ends.

produce  --topic T --partitions N --producer P --rate PER_SECOND: idempotent; record s goes to partition s mod N, its value is "P:s:"
         prints: send ID PARTITION | ack ID PARTITION OFFSET | fail ID REASON | fatal REASON | end, each ID as P:NUMBER. After a fatal error it goes on as
         another producer, P one more than before: what the one before left open may come into the log at any time.
consume  --topic T --group G: a group's only member; commits as it goes
         prints: assign PARTITION | seen PARTITION OFFSET VALUE | committed PARTITION OFFSET | end
"""
import argparse
import os
import select
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer

# What the whole run's healing may take, and more.
PATIENCE_S = 240
COMMIT_EVERY_S = 1

# More than one for each fault: something else is wrong then.
MOST_FATAL_ERRORS = 100

CLIENT = {
    # Come back quickly: the default goes up to ten seconds.
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 500,
    "retry.backoff.ms": 50,
    # A broker that is frozen or cut off is left after this.
    "socket.timeout.ms": 10_000,
    "socket.connection.setup.timeout.ms": 5_000,
    "topic.metadata.refresh.interval.ms": 5_000,
    "log_level": 2,
}


def write(line):
    # The same clock as the harness's.
    sys.stdout.write(f"{time.monotonic():.4f} {line}\n")


def input_closed():
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable) and sys.stdin.read(1) == ""


def fail(reason):
    sys.stdout.flush()
    print(reason, file=sys.stderr, flush=True)
    # No exit handlers: the library's threads may be stuck in what went wrong.
    os._exit(3)


class FatalError(Exception):
    pass


def produce(args, conf):
    number = 0
    for producer in range(args.producer, args.producer + MOST_FATAL_ERRORS):
        try:
            produce_until_fatal(args, conf, producer, number)
            write("end")
            return
        except FatalError as fatal:
            write(f"fatal {str(fatal).replace(' ', '_')}")
            number = fatal.args[1]
    fail("too many fatal errors")


def produce_until_fatal(args, conf, identity, number):
    fatal = []

    def on_error(error):
        if error.fatal():
            fatal.append(error)

    # librdkafka before 2.3 (its pull request 4438) takes a batch whose connection broke for stored, and fails for good when the one behind it is
    # refused. With one request in flight there is none behind it on that connection; but when a partition moves, the next one goes to the new leader while
    # the last one waits for its timeout at the old one, is refused there as out of order, rightly, and that is fatal to it all the same.
    producer = Producer({
        **conf, "enable.idempotence": True, "linger.ms": 5, "max.in.flight.requests.per.connection": 1, "message.timeout.ms": PATIENCE_S * 1000,
        "queue.buffering.max.messages": 10_000, "error_cb": on_error,
    })
    try:
        while not input_closed():
            record = f"{identity}:{number}"
            partition = number % args.partitions
            number += 1

            def delivered(error, message, record=record):
                if error is None:
                    write(f"ack {record} {message.partition()} {message.offset()}")
                else:
                    write(f"fail {record} {error.name()}")
            # Said first: what is sent and not known of would be nobody's.
            write(f"send {record} {partition}")
            try:
                producer.produce(args.topic, value=f"{record}:", partition=partition, on_delivery=delivered)
            except BufferError:
                write(f"fail {record} QUEUE_FULL")
            producer.poll(1 / args.rate)
            sys.stdout.flush()
            if fatal:
                raise FatalError(fatal[0], number)
        if producer.flush(PATIENCE_S) != 0 and not fatal:
            fail("records are neither acknowledged nor failed")
    except KafkaException as error:
        if error.args[0].fatal():
            raise FatalError(error, number) from error
        raise


def consume(args, conf):
    def on_assign(consumer, partitions):
        for partition in partitions:
            write(f"assign {partition.partition}")

    def on_commit(error, partitions):
        for partition in partitions:
            if error is None and partition.error is None and partition.offset >= 0:
                write(f"committed {partition.partition} {partition.offset}")

    consumer = Consumer({
        **conf, "group.id": args.group, "enable.auto.commit": False, "auto.offset.reset": "earliest", "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 1_000, "partition.assignment.strategy": "range", "on_commit": on_commit,
    })
    consumer.subscribe([args.topic], on_assign=on_assign)
    committed = time.monotonic()
    while not input_closed():
        for message in consumer.consume(500, 0.1):
            if message.error() is None:
                write(f"seen {message.partition()} {message.offset()} {message.value()[:40].decode()}")
            elif message.error().fatal():
                fail(f"fatal: {message.error()}")
        if time.monotonic() - committed > COMMIT_EVERY_S:
            committed = time.monotonic()
            try:
                consumer.commit(asynchronous=True)
            except KafkaException as error:
                print(f"commit: {error}", file=sys.stderr)
        sys.stdout.flush()
    write("end")
    sys.stdout.flush()
    # It leaves no group behind that anybody needs, and leaving waits for a coordinator.
    os._exit(0)


def main():
    commands = {"produce": produce, "consume": consume}
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
