#!/usr/bin/env bash
# The S3 server of the tests: one Ceph monitor, one OSD and one RADOS gateway on loopback. Installs nothing: see
# install-test-tools.sh.
#
#   ceph.sh start DIR GATEWAY_PORT MON_PORT   starts what of it does not run; prints S3_ENDPOINT=, AWS_ACCESS_KEY_ID= and
#                                             AWS_SECRET_ACCESS_KEY= lines. A second start changes nothing, or starts again
#                                             the daemons that died (their data stays, with memstore only after a clean stop).
#   ceph.sh stop DIR                          ends the daemons that were started in DIR, and no others
#   ceph.sh pid DIR gateway|osd|mon           prints a daemon's process id
#
# Environment: CEPH_STORE=memstore|bluestore (memstore: in memory, for speed; bluestore: on disk), CEPH_STORE_BYTES (4 GiB),
# CEPH_OWNER=PID (when that process ends, the daemons are stopped and DIR is removed).
set -euo pipefail
usage() { sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
fail() { echo "ceph.sh: $*" >&2; exit 1; }
(( $# >= 2 )) || usage
command=$1 dir=$(realpath -m "$2")
conf=$dir/ceph.conf run=$dir/run log=$dir/log
access_key=${AWS_ACCESS_KEY_ID:-broker-test} secret_key=${AWS_SECRET_ACCESS_KEY:-broker-test-secret-key}
unset CEPH_ARGS
export CEPH_CONF=$conf

declare -A program=([gateway]=radosgw [osd]=ceph-osd [mon]=ceph-mon)
declare -A entity=([gateway]=client.gateway [osd]=osd.0 [mon]=mon.a)

# A pid file may be older than the machine's last start: the process must also be the right program, of this folder.
pid_of() {
  local pid
  pid=$(cat "$run/${entity[$1]}.pid" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] && ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status" || return 1
  tr '\0' '\n' < "/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$conf" || return 1
  [[ $(tr '\0' '\n' < "/proc/$pid/cmdline" | head -1) == *"${program[$1]}" ]] || return 1
  echo "$pid"
}

wait_for() { # wait_for SECONDS WHAT COMMAND...
  local tries=$(( $1 * 20 )) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    (( tries-- > 0 )) || fail "no $what; see $log"
    sleep 0.05
  done
}

write_conf() {
  cat > "$conf" <<EOF
[global]
fsid = $(< /proc/sys/kernel/random/uuid)
mon_initial_members = a
mon_host = [v2:127.0.0.1:$mon_port/0]
public_network = 127.0.0.0/8
ms_bind_msgr1 = false
ms_bind_ipv6 = false
auth_allow_insecure_global_id_reclaim = false
keyring = $dir/keyring
log_file = $log/\$name.log
log_to_stderr = false
pid_file = $run/\$name.pid
admin_socket =
run_dir = $run
crash_dir = $run
# One of everything, and no waiting for more.
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
# The machine's disk may be nearly full; what is stored here is little.
mon_data_avail_warn = -1
mon_data_avail_crit = -1
mon_osd_nearfull_ratio = 0.97
mon_osd_backfillfull_ratio = 0.98
mon_osd_full_ratio = 0.99
[mon.a]
mon_data = $dir/mon
[osd]
osd_data = $dir/osd
osd_objectstore = ${CEPH_STORE:-memstore}
memstore_device_bytes = ${CEPH_STORE_BYTES:-4294967296}
bluestore_block_size = ${CEPH_STORE_BYTES:-4294967296}
osd_class_update_on_start = false
osd_max_scrubs = 0
[client]
rgw_frontends = beast endpoint=127.0.0.1:$gateway_port tcp_nodelay=1
rgw_enable_usage_log = false
rgw_run_sync_thread = false
rgw_enable_quota_threads = false
rgw_override_bucket_index_max_shards = 1
rgw_dynamic_resharding = false
# Space of deleted objects is free again within seconds, not hours.
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 5
rgw_gc_processor_max_time = 5
EOF
}

make_cluster() {
  rm -rf "$dir"
  mkdir -p "$run" "$log" "$dir"/{mon,osd}
  write_conf
  ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *' > "$log/keyring"
  ceph-authtool "$dir/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >> "$log/keyring"
  ceph-authtool "$dir/keyring" --gen-key -n osd.0 --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >> "$log/keyring"
  ceph-authtool "$dir/keyring" --gen-key -n client.gateway --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >> "$log/keyring"
  local fsid
  fsid=$(sed -n 's/^fsid = //p' "$conf")
  monmaptool --create --addv a "[v2:127.0.0.1:$mon_port]" --fsid "$fsid" "$dir/monmap" >> "$log/keyring"
  ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring" -c "$conf" &> "$log/mon-mkfs"
}

ask() { ceph -c "$conf" --connect-timeout 5 "$@" 2>> "$log/ask"; }
osd_is_up() { ask osd stat | grep -q '1 up'; }
gateway_answers() { curl -fsS -m 5 -o /dev/null "http://127.0.0.1:$gateway_port/"; }

start() {
  if [[ ! -f $dir/ready ]]; then
    stop
    make_cluster
  fi
  gateway_port=$(sed -n 's/^rgw_frontends = beast endpoint=[0-9.]*:\([0-9]*\).*/\1/p' "$conf")
  # The daemons put themselves into the background; they must not hold the caller's output open.
  pid_of mon > /dev/null || ceph-mon -i a -c "$conf" &> "$log/mon-start" || fail "the monitor did not start: $(tail -3 "$log/mon-start")"
  if [[ ! -f $dir/ready ]]; then
    local uuid
    uuid=$(< /proc/sys/kernel/random/uuid)
    wait_for 30 "answer of the monitor" ask osd new "$uuid"
    ceph-osd -i 0 -c "$conf" --mkfs --osd-uuid "$uuid" &> "$log/osd-mkfs" || fail "the OSD's store could not be made: $(tail -3 "$log/osd-mkfs")"
  fi
  pid_of osd > /dev/null || ceph-osd -i 0 -c "$conf" &> "$log/osd-start" || fail "the OSD did not start: $(tail -3 "$log/osd-start")"
  wait_for 60 "running OSD" osd_is_up
  pid_of gateway > /dev/null || radosgw -c "$conf" -n client.gateway &> "$log/gateway-start" || fail "the gateway did not start: $(tail -3 "$log/gateway-start")"
  wait_for 60 "answer of the gateway" gateway_answers
  if [[ ! -f $dir/ready ]]; then
    radosgw-admin -c "$conf" user create --uid=test --display-name=test --max-buckets=0 \
      --access-key="$access_key" --secret-key="$secret_key" > "$log/user" 2>&1 || fail "no user: $(tail -3 "$log/user")"
    printf '%s\n' "S3_ENDPOINT=http://127.0.0.1:$gateway_port" "AWS_ACCESS_KEY_ID=$access_key" "AWS_SECRET_ACCESS_KEY=$secret_key" > "$dir/ready"
    if [[ -n ${CEPH_OWNER:-} ]]; then
      setsid bash -c 'tail --pid="$1" -f /dev/null; "$0" stop "$2" && rm -rf "$2"' "$(realpath "${BASH_SOURCE[0]}")" "$CEPH_OWNER" "$dir" \
        < /dev/null &> /dev/null &
    fi
  fi
  cat "$dir/ready"
}

stop() {
  local name pid tries
  for name in gateway osd mon; do
    pid=$(pid_of "$name") || continue
    kill -CONT "$pid" 2>/dev/null || true
    kill "$pid" 2>/dev/null || true
    for (( tries = 100; tries > 0; tries-- )); do
      pid_of "$name" > /dev/null || break
      sleep 0.05
    done
    if pid_of "$name" > /dev/null; then kill -9 "$pid" 2>/dev/null || true; fi
    rm -f "$run/${entity[$name]}.pid"
  done
}

case $command in
  start)
    (( $# == 4 )) || usage
    gateway_port=$3 mon_port=$4
    start
    ;;
  stop) stop ;;
  pid)
    [[ $# == 3 && -n ${program[$3]:-} ]] || usage
    pid_of "$3"
    ;;
  *) usage ;;
esac
