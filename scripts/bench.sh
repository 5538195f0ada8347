#!/usr/bin/env bash
# Builds the broker in Release and the load driver, then measures. `bench.sh --help` lists the options.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
dotnet build src/Broker.Node -c Release -v q --nologo >&2
make -s -C bench/e2e
exec /usr/bin/python3 bench/e2e/bench.py "$@"
