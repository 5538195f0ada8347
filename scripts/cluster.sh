#!/usr/bin/env bash
# Starts three brokers that share a folder as their bucket, and stops them at the end: scripts/cluster.sh BROKER_DLL FOLDER
set -euo pipefail
broker=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait' EXIT
for id in 1 2 3; do
  # Also for whoever starts one again.
  cat >"$folder/start-$id" <<END
#!/bin/sh
exec dotnet "$broker" start \\
  --override node.id=$id \\
  --override cluster.address=127.0.0.1:0 \\
  --override listeners=PLAINTEXT://127.0.0.1:$((9091 + id)) \\
  --override management.listener=127.0.0.1:$((9643 + id)) \\
  --override log.dirs="$folder/node-$id" \\
  --override object.store=file:"$folder/bucket" \\
  --override wal.kind=bucket >"$folder/node-$id.log" 2>&1
END
  chmod +x "$folder/start-$id"
  : >"$folder/node-$id.log"
  "$folder/start-$id" &
  pids+=($!)
  echo "node $id: process $!, clients at 127.0.0.1:$((9091 + id)), log in $folder/node-$id.log, again: $folder/start-$id"
  until grep -q ' ready$' "$folder/node-$id.log"; do
    kill -0 "${pids[-1]}" 2>/dev/null || { cat "$folder/node-$id.log"; exit 1; }
    sleep 0.2
  done
done
echo "All three serve. Kill one with kill -9, watch the others' logs, and go on: kcat -b 127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094 -L"
wait
