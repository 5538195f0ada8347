"""A real S3 server for benchmarks: Ceph's gateway on loopback, its data in memory; and the few requests that a benchmark makes itself."""
import datetime
import hashlib
import hmac
import http.client
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

from brokers import cpu_seconds_of, free_port

REGION = "us-east-1"


class Ceph:
    """One gateway of this run's own, with one bucket."""

    bucket = "bench"

    def __init__(self, folder, repo, store_bytes):
        self.folder = Path(folder)
        self.script = repo / "scripts/ceph.sh"
        self.store_bytes = store_bytes

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        started = subprocess.run(
            [str(self.script), "start", str(self.folder), str(free_port()), str(free_port())], check=True, capture_output=True, text=True,
            env={**os.environ, "CEPH_STORE_BYTES": str(self.store_bytes), "CEPH_OWNER": str(os.getpid())})
        facts = dict(line.split("=", 1) for line in started.stdout.splitlines() if "=" in line)
        self.endpoint = facts["S3_ENDPOINT"]
        self.access_key, self.secret_key = facts["AWS_ACCESS_KEY_ID"], facts["AWS_SECRET_ACCESS_KEY"]
        self.connection = http.client.HTTPConnection(urlparse(self.endpoint).netloc, timeout=60)
        status = self.put(f"/{self.bucket}", b"")
        if status != 200:
            raise RuntimeError(f"the bucket could not be made: {status}")
        return self

    def __exit__(self, *_):
        subprocess.run([str(self.script), "stop", str(self.folder)], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def settings(self, prefix):
        """What a broker needs to keep its objects here."""
        return [f"object.store=s3://{self.bucket}/{prefix}", f"s3.endpoint={self.endpoint}", "s3.path.style=true"]

    @contextmanager
    def further_away(self, program, latency):
        """All requests meanwhile take longer by a time of that latency, a pair (p50, p99) in ms; None: as they are."""
        if latency is None:
            yield
            return
        near, connection = self.endpoint, self.connection
        command = [str(program), "--to", str(urlparse(near).port), "--p50-ms", str(latency[0]), "--p99-ms", str(latency[1])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as delay:
            try:
                self.endpoint = f"http://127.0.0.1:{int(delay.stdout.readline())}"
                self.connection = http.client.HTTPConnection(urlparse(self.endpoint).netloc, timeout=60)
                yield
            finally:
                self.endpoint, self.connection = near, connection
                delay.terminate()

    def cpu_seconds(self):
        """Of the gateway and of what stores for it."""
        pids = [subprocess.run([str(self.script), "pid", str(self.folder), name], check=True, capture_output=True, text=True).stdout for name in ("gateway", "osd")]
        return sum(cpu_seconds_of(int(pid)) for pid in pids)

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def put(self, path, body, **headers):
        """One PUT, signed as S3 wants it (AWS Signature Version 4); its status."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        digest = hashlib.sha256(body).hexdigest()
        signed = {"host": urlparse(self.endpoint).netloc, "x-amz-content-sha256": digest, "x-amz-date": now,
                  **{name.replace("_", "-"): value for name, value in headers.items()}}
        names = ";".join(sorted(signed))
        canonical = "\n".join(["PUT", path, "", *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names, digest])
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        authorization = f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        self.connection.request("PUT", path, body, {**signed, "Authorization": authorization})
        response = self.connection.getresponse()
        response.read()
        return response.status
