#!/usr/bin/env bash
# Builds the broker in Release and the load driver, then measures: beside Apache Kafka, or, if the first word is "bucket", on a bucket of Ceph's gateway.
# `bench.sh --help` and `bench.sh bucket --help` list the options.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
dotnet build src/Broker.Node -c Release -v q --nologo >&2
make -s -C bench/e2e
if [[ ${1:-} == bucket ]]; then
  shift
  exec /usr/bin/python3 bench/e2e/bucket.py "$@"
fi
exec /usr/bin/python3 bench/e2e/bench.py "$@"
