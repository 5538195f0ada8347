"""A client that writes to one partition all the time, and takes the longest time in which it could not: what a partition's move costs, without what a client library adds."""
import socket
import struct
import threading
import time

from kafka.record import MemoryRecordsBuilder

PRODUCE, PRODUCE_VERSION = 0, 7
TIMEOUT_S = 10
PAUSE_S = 0.01


def one_record():
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1024)
    builder.append(timestamp=1_700_000_000_000, key=None, value=b"probe", headers=[])
    builder.close()
    return bytes(builder.buffer())


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


class Probe(threading.Thread):
    def __init__(self, brokers, topic, partition):
        """brokers: (host, port) of each, of which one leads the partition."""
        super().__init__(daemon=True)
        self.brokers, self.topic, self.partition = brokers, topic, partition
        self.records = one_record()
        self.gap_s = self.usual_s = 0.0
        self.ends = False

    def usual(self):
        """From here on it counts: what was the longest until now is how long it takes while nothing happens."""
        self.usual_s, self.gap_s = self.gap_s, 0.0

    def run(self):
        connections, at, last = {}, 0, time.monotonic()
        while not self.ends:
            broker = self.brokers[at % len(self.brokers)]
            try:
                connection = connections.get(broker) or connections.setdefault(broker, socket.create_connection(broker, TIMEOUT_S))
                stored = self.produce(connection)
            except OSError:
                connections.pop(broker, None)
                stored = False
            if not stored:
                at += 1
                continue
            now = time.monotonic()
            self.gap_s, last = max(self.gap_s, now - last), now
            time.sleep(PAUSE_S)

    def produce(self, connection):
        body = struct.pack(">hhi", -1, -1, TIMEOUT_S * 1000) + struct.pack(">i", 1) + text(self.topic) + struct.pack(">iii", 1, self.partition, len(self.records)) + self.records
        request = struct.pack(">hhi", PRODUCE, PRODUCE_VERSION, 1) + text("probe") + body
        connection.sendall(struct.pack(">i", len(request)) + request)
        size, = struct.unpack(">i", self.read(connection, 4))
        answer = self.read(connection, size)
        # Correlation id, one topic with its name, one partition with its index, the error.
        error, = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(self.topic) + 4 + 4)
        return error == 0

    @staticmethod
    def read(connection, size):
        parts = b""
        while len(parts) < size:
            part = connection.recv(size - len(parts))
            if not part:
                raise ConnectionError("closed")
            parts += part
        return parts
