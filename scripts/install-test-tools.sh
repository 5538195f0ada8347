#!/usr/bin/env bash
# Installs what the tests and `make bench` need beyond the .NET SDK: real Kafka clients, a C compiler, npm packages,
# Ceph, whose gateway is the S3 server of the tests, and what makes network namespaces.
# Idempotent; does nothing, quickly and without root, when all is there. Debian or Ubuntu.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The Python clients are Debian's, for Debian's own interpreter: versions that the distribution's users really run.
packages=(kcat gcc libc6-dev librdkafka-dev
  python3 python3-confluent-kafka python3-kafka python3-snappy python3-lz4 python3-zstandard
  liblz4-1 libzstd1
  ceph-common ceph-mon ceph-osd radosgw curl
  iproute2 util-linux)
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)
if [[ -n ${KAFKA_TOOLS:-} ]] && ! command -v java >/dev/null; then
  packages+=(openjdk-17-jre-headless)
fi

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
done

if (( ${#missing[@]} > 0 )); then
  if ! command -v apt-get >/dev/null; then
    echo "install-test-tools: this is no Debian or Ubuntu; install the equivalents of: ${missing[*]}" >&2
    exit 1
  fi
  if (( EUID != 0 )); then
    echo "install-test-tools: not root, and these packages are missing; run: sudo apt-get install -y ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  echo "install-test-tools: apt-get install ${missing[*]}"
  # Package lists may be missing or stale on a fresh machine: update once, and only when the install does not succeed.
  apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null 2>&1 \
    || { apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; }
fi

# npm leaves a copy of the lock in node_modules; an older copy means that the wanted packages have changed.
kafkajs=$root/tests/Broker.Interop/kafkajs
if [[ ! $kafkajs/node_modules/.package-lock.json -nt $kafkajs/package-lock.json ]]; then
  echo "install-test-tools: npm ci in ${kafkajs#"$root"/}"
  (cd "$kafkajs" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  touch "$kafkajs/node_modules/.package-lock.json"
fi
