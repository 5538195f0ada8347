"""kafka-python behind the command line that all client programs of the interop tests share."""
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.consumer.subscription_state import ConsumerRebalanceListener

from client_cli import DEADLINE_S, fail, input_closed, main, print_event, print_record, read_records

CONSUMER = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "heartbeat_interval_ms": 500,
    "metadata_max_age_ms": 2_000,
    # Room for a batch of 1 MB in one answer.
    "max_partition_fetch_bytes": 2 * 1024 * 1024,
}


def create_topic(args):
    admin = KafkaAdminClient(bootstrap_servers=args.bootstrap)
    admin.create_topics([NewTopic(args.topic, args.partitions, 1)], timeout_ms=DEADLINE_S * 1000)
    deadline = time.monotonic() + DEADLINE_S
    while True:
        described = admin.describe_topics([args.topic])[0]
        if described["error_code"] == 0 and len(described["partitions"]) == args.partitions:
            break
        if time.monotonic() > deadline:
            fail(f"topic {args.topic} did not appear")
    admin.close()


def produce(args):
    producer = KafkaProducer(
        bootstrap_servers=args.bootstrap, compression_type=None if args.codec == "none" else args.codec,
        acks="all", linger_ms=20, max_request_size=1_048_588, max_block_ms=DEADLINE_S * 1000,
        # Without this a retried batch may overtake the one behind it: the client has no idempotence.
        max_in_flight_requests_per_connection=1)
    sent = [
        producer.send(
            args.topic, value=record["value"], key=record["key"], partition=record["partition"],
            headers=record["headers"])
        for record in read_records()
    ]
    producer.flush(DEADLINE_S)
    for future in sent:
        metadata = future.get(DEADLINE_S)
        print_event({"partition": metadata.partition, "offset": metadata.offset})
    producer.close()


def show(record):
    print_record(record.partition, record.offset, record.timestamp, record.key, record.value, record.headers)


def read(consumer, count):
    deadline = time.monotonic() + DEADLINE_S
    done = 0
    while done < count:
        if time.monotonic() > deadline:
            fail(f"read {done} of {count} records")
        for records in consumer.poll(200, max_records=count - done).values():
            for record in records:
                show(record)
                done += 1


def consumer_of(args):
    return KafkaConsumer(bootstrap_servers=args.bootstrap, group_id=args.group, **CONSUMER)


def assign_all(consumer, topic):
    deadline = time.monotonic() + DEADLINE_S
    while not (partitions := consumer.partitions_for_topic(topic)):
        if time.monotonic() > deadline:
            fail(f"no metadata for {topic}")
    assignment = [TopicPartition(topic, partition) for partition in partitions]
    consumer.assign(assignment)
    return assignment


def consume(args):
    consumer = consumer_of(args)
    consumer.seek_to_beginning(*assign_all(consumer, args.topic))
    read(consumer, args.count)
    consumer.close()


def consume_since(args):
    consumer = consumer_of(args)
    assignment = assign_all(consumer, args.topic)
    for partition, found in consumer.offsets_for_times({p: args.timestamp for p in assignment}).items():
        if found is None:
            consumer.seek_to_end(partition)
        else:
            consumer.seek(partition, found.offset)
    read(consumer, args.count)
    consumer.close()


def consume_group(args):
    consumer = consumer_of(args)
    consumer.subscribe([args.topic])
    read(consumer, args.count)
    consumer.commit()
    consumer.close(autocommit=False)


class Announcer(ConsumerRebalanceListener):
    def on_partitions_assigned(self, assigned):
        print_event({"assigned": sorted(p.partition for p in assigned)})

    def on_partitions_revoked(self, revoked):
        print_event({"revoked": sorted(p.partition for p in revoked)})


def member(args):
    consumer = consumer_of(args)
    consumer.subscribe([args.topic], listener=Announcer())
    while not input_closed():
        polled = consumer.poll(100)
        for records in polled.values():
            for record in records:
                show(record)
        if polled:
            consumer.commit()
    consumer.close(autocommit=False)


if __name__ == "__main__":
    main(create_topic, produce, consume, consume_since, consume_group, member)
