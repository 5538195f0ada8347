"""The brokers of a benchmark, each as a process on a fresh data folder, and what the kernel says of their cost."""
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

START_DEADLINE_S = 60
STOP_DEADLINE_S = 60

# The heap and collector that Apache Kafka's own start script gives it.
KAFKA_HEAP = "-Xms1g -Xmx1g"
KAFKA_JVM = ("-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 "
             "-XX:+ExplicitGCInvokesConcurrent")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds_of(pid):
    """User and system time of a process so far, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Broker:
    """A broker process that this run owns; only it is ever stopped, by its id."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.port = free_port()
        self.process = None

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.prepare()
        self.start()
        return self

    def start(self):
        self.launch()
        self.wait_until_it_serves_or_stop()

    def launch(self):
        self.log = open(self.folder / "broker.log", "a")
        self.process = subprocess.Popen(
            self.command(), env={**os.environ, **self.environment()}, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT)

    def wait_until_it_serves_or_stop(self):
        try:
            self.wait_until_it_serves()
        except BaseException:
            self.stop()
            raise

    def restart(self):
        """Stops it cleanly and starts it on what it left."""
        self.stop()
        self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder)

    def wait_until_it_serves(self):
        # ApiVersions v0, correlation id 7, no client id.
        request = bytes([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xFF, 0xFF])
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.sendall(request)
                    if len(connection.recv(10)) == 10:
                        return
            except OSError:
                pass
            time.sleep(0.1)
        tail = "\n".join((self.folder / "broker.log").read_text().splitlines()[-20:])
        raise RuntimeError(f"{self.name} did not start:\n{tail}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def cpu_seconds(self):
        return cpu_seconds_of(self.process.pid)

    def peak_rss_mb(self):
        """The largest resident set so far, in MB; includes file pages that the process has mapped."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise RuntimeError("no VmHWM")

    def prepare(self):
        pass

    def environment(self):
        return {}


class Ours(Broker):
    """Our broker in Release: embedded object store, disk WAL with fdatasync before each acknowledgement."""

    def __init__(self, folder, repo, overrides=()):
        super().__init__("ours", folder)
        self.assembly = repo / "src/Broker.Node/bin/Release/net10.0/Broker.Node.dll"
        self.overrides = list(overrides)

    def command(self):
        settings = [f"listeners=PLAINTEXT://{self.bootstrap}", f"log.dirs={self.folder}/data"] + self.overrides
        if not any(setting.startswith("management.listener=") for setting in settings):
            settings.append("management.listener=127.0.0.1:0")
        return ["dotnet", str(self.assembly), "start"] + [word for s in settings for word in ("--override", s)]


class ApacheKafka(Broker):
    """Apache Kafka, one node, as shipped: it acknowledges from the page cache and does not fsync."""

    def __init__(self, folder, tools):
        super().__init__("kafka", folder)
        self.launcher = str(Path(tools) / "kafka")
        self.controller_port = free_port()

    def prepare(self):
        self.properties = self.folder / "server.properties"
        self.properties.write_text("\n".join([
            "process.roles=broker,controller", "node.id=1",
            f"controller.quorum.bootstrap.servers=127.0.0.1:{self.controller_port}",
            f"listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            f"log.dirs={self.folder}/data", "offsets.topic.replication.factor=1", ""]))
        subprocess.run(
            [self.launcher, "kafka-storage", "format", "--standalone", "-t", "AAAAAAAAAAAAAAAAAAAAAQ",
             "-c", str(self.properties)], check=True, stdout=subprocess.DEVNULL)

    def command(self):
        return [self.launcher, "kafka-server-start", str(self.properties)]

    def environment(self):
        return {"KAFKA_HEAP_OPTS": KAFKA_HEAP, "KAFKA_OPTS": KAFKA_JVM}
