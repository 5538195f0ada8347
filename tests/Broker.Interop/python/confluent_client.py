"""confluent-kafka-python behind the command line that all client programs of the interop tests share."""
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from client_cli import DEADLINE_S, fail, input_closed, main, print_event, print_record, read_records

CLIENT = {
    "socket.timeout.ms": 10_000,
    "reconnect.backoff.max.ms": 500,
    # A record of 1 MB plus its batch; the brokers' own limit is 1,048,588 bytes.
    "message.max.bytes": 1_048_588,
}
CONSUMER = {
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "heartbeat.interval.ms": 500,
    "enable.partition.eof": False,
}


def create_topic(args):
    admin = AdminClient({**CLIENT, "bootstrap.servers": args.bootstrap})
    for done in admin.create_topics([NewTopic(args.topic, args.partitions, 1)]).values():
        done.result(DEADLINE_S)
    # Creation is asynchronous with respect to metadata; wait as applications do.
    deadline = time.monotonic() + DEADLINE_S
    while len(admin.list_topics(args.topic).topics[args.topic].partitions) != args.partitions:
        if time.monotonic() > deadline:
            fail(f"topic {args.topic} did not appear")


def produce(args):
    records = list(read_records())
    acks = [None] * len(records)
    producer = Producer({
        **CLIENT, "bootstrap.servers": args.bootstrap, "compression.type": args.codec, "linger.ms": 20,
        "enable.idempotence": args.idempotent,
        "queue.buffering.max.messages": len(records) + 1, "queue.buffering.max.kbytes": 256 * 1024,
    })
    for index, record in enumerate(records):
        def delivered(error, message, index=index):
            if error is not None:
                fail(f"record {index}: {error}")
            acks[index] = (message.partition(), message.offset())
        producer.produce(
            args.topic, value=record["value"], key=record["key"], partition=record["partition"],
            headers=[tuple(header) for header in record["headers"]] or None, on_delivery=delivered)
        producer.poll(0)
    if producer.flush(DEADLINE_S) != 0:
        fail("records were left unacknowledged")
    for partition, offset in acks:
        print_event({"partition": partition, "offset": offset})


def show(message):
    print_record(
        message.partition(), message.offset(), message.timestamp()[1], message.key(), message.value(),
        message.headers() or [])


def read(consumer, count):
    deadline = time.monotonic() + DEADLINE_S
    for done in range(count):
        message = None
        while message is None:
            if time.monotonic() > deadline:
                fail(f"read {done} of {count} records")
            message = consumer.poll(0.2)
            if message is not None and message.error() is not None:
                if message.error().fatal() or not message.error().retriable():
                    fail(str(message.error()))
                message = None
        show(message)
        yield message


def consumer_of(args):
    return Consumer({
        **CLIENT, **CONSUMER, "bootstrap.servers": args.bootstrap, "group.id": args.group or "none",
    })


def partitions_of(consumer, topic, offset):
    return [TopicPartition(topic, p, offset) for p in consumer.list_topics(topic).topics[topic].partitions]


def consume(args):
    consumer = consumer_of(args)
    consumer.assign(partitions_of(consumer, args.topic, 0))
    for _ in read(consumer, args.count):
        pass
    consumer.close()


def consume_since(args):
    consumer = consumer_of(args)
    consumer.assign(consumer.offsets_for_times(partitions_of(consumer, args.topic, args.timestamp), DEADLINE_S))
    for _ in read(consumer, args.count):
        pass
    consumer.close()


def consume_group(args):
    consumer = consumer_of(args)
    consumer.subscribe([args.topic])
    for message in read(consumer, args.count):
        pass
    consumer.commit(asynchronous=False)
    consumer.close()


def member(args):
    def assigned(_, partitions):
        print_event({"assigned": sorted(p.partition for p in partitions)})

    def revoked(_, partitions):
        print_event({"revoked": sorted(p.partition for p in partitions)})

    consumer = consumer_of(args)
    consumer.subscribe([args.topic], on_assign=assigned, on_revoke=revoked)
    while not input_closed():
        message = consumer.poll(0.1)
        if message is None:
            continue
        if message.error() is not None:
            print(message.error(), file=sys.stderr)
            continue
        show(message)
        consumer.commit(message, asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main(create_topic, produce, consume, consume_since, consume_group, member)
