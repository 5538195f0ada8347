#!/usr/bin/env bash
# Builds the broker in Release and the load driver, then measures: beside Apache Kafka, or, if the first word is "bucket", on a bucket of Ceph's gateway, or if it is
# "cluster", three brokers on one. `bench.sh --help`, `bench.sh bucket --help` and `bench.sh cluster --help` list the options.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
dotnet build src/Broker.Node -c Release -v q --nologo >&2
make -s -C bench/e2e
if [[ ${1:-} == bucket || ${1:-} == cluster ]]; then
  step=$1
  shift
  exec /usr/bin/python3 "bench/e2e/$step.py" "$@"
fi
exec /usr/bin/python3 bench/e2e/bench.py "$@"
