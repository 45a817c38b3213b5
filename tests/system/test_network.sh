#!/usr/bin/env bash
# test_network.sh BUILD [RUNS [SEED]] - a small province on several hosts of its own (network namespaces joined by a
# bridge), disturbed at random: hosts cut off from each other, a line with 100 ms each way and 5 % loss, connections reset
# in mid-stream, clocks minutes wrong, a full disk, kill -9 of every kind of process. Every run ends with the totals of
# plain SQL. The same seed draws the same faults.
set -euo pipefail
BUILD=$(realpath "$1")
RUNS=${2:-${WEFT_NETWORK_RUNS:-1}}
SEED=${3:-1}
ROOT=$(cd "$(dirname "$0")/../.." && pwd)

if [ "${IN_NAMESPACE:-}" != yes ]; then # a network and mounts of our own; all ends with the last process
  export IN_NAMESPACE=yes
  enter=(unshare --net --mount --pid --fork --mount-proc --kill-child)
  [ "$(id -u)" -eq 0 ] || enter+=(--user --map-root-user)
  "${enter[@]}" ip link add probe type veth 2>/dev/null || { echo "SKIPPED: no network namespaces here"; exit 77; }
  exec "${enter[@]}" bash "$0" "$@"
fi
{ : <>/dev/net/tun; } 2>/dev/null || { echo "SKIPPED: no /dev/net/tun here, so no bad line can be made"; exit 77; }

WORK=$(mktemp -d /tmp/weft-test-network.XXXXXX)
# shellcheck source=tests/system/small_province.sh
. "$ROOT/tests/system/small_province.sh"
FAKETIME_LIBRARY=$(dpkg -L libfaketime | grep 'libfaketimeMT.so.1$')
DISK=$WORK/disk # of lead-990101's database
finish() {
  local status=$?
  kill -KILL -1 2>/dev/null || true # all others in this namespace of processes
  if [ $status -ne 0 ]; then tail -n 5 "$WORK"/federation/*.log >&2 || true; fi
  if mountpoint -q "$DISK"; then umount "$DISK"; fi
  rm -rf "$WORK"
}
trap finish EXIT

# ---- hosts: each coordinator has one, the hospitals of a county share one ----

HOSTS=("${ALL[@]}" sites-990101 sites-990102)
BAD_LINE=lead-990102
declare -A ADDRESS=() HOST_OF=() RUN_OF=() SKEW=()

make_network() {
  local number=1 host
  mount -t tmpfs none /run
  ip link set lo up
  ip link add hub type bridge
  ip link set hub up
  ip addr add 10.77.0.254/24 dev hub
  "$BUILD/tests/system/lossy_link" line-hub line-host 100 5 "$SEED" >"$WORK/line.txt" &
  LINE=$!
  until grep -q ready "$WORK/line.txt"; do sleep 0.02; done
  for host in "${HOSTS[@]}"; do
    ADDRESS[$host]=10.77.0.$number
    ip netns add "$host"
    if [ "$host" = $BAD_LINE ]; then
      ip link set line-host netns "$host" name eth0
      ip link set line-hub master hub up
    else
      ip link add "hub-$number" type veth peer name eth0 netns "$host"
      ip link set "hub-$number" master hub up
    fi
    ip -n "$host" addr add "${ADDRESS[$host]}/24" dev eth0
    ip -n "$host" link set eth0 up
    ip -n "$host" link set lo up
    number=$((number + 1))
  done
}

place() { # ID HOST: where a party runs
  HOST_OF[$1]=${ADDRESS[$2]}
  RUN_OF[$1]="nsenter --net=/run/netns/$2"
  # not the command faketime: it would stay between us and the program that we kill
  [ -z "${SKEW[$2]:-}" ] || RUN_OF[$1]+=" env LD_PRELOAD=$FAKETIME_LIBRARY FAKETIME=${SKEW[$2]} FAKETIME_DONT_FAKE_MONOTONIC=1"
}

place_all() {
  local id
  for id in "${ALL[@]}"; do place "$id" "$id"; done
  for id in "${SITES[@]}"; do place "h$id" "sites-$(county_of "$id")"; done
}

# Frames to a host that is cut off go to a station that is not there: silence, as behind a broken switch.
cut() { # A B
  ip -n "$1" neigh replace "${ADDRESS[$2]}" lladdr 02:00:00:00:99:99 dev eth0 nud permanent
  ip -n "$2" neigh replace "${ADDRESS[$1]}" lladdr 02:00:00:00:99:99 dev eth0 nud permanent
}

heal() { # A B
  ip -n "$1" neigh del "${ADDRESS[$2]}" dev eth0 2>/dev/null || true
  ip -n "$2" neigh del "${ADDRESS[$1]}" dev eth0 2>/dev/null || true
}

# ---- faults ----

draw() { echo "${ALL[RANDOM % ${#ALL[@]}]}"; }

disturb() { # for a few seconds
  local a b kind=$((RANDOM % 5))
  a=$(draw)
  b=${HOSTS[RANDOM % ${#HOSTS[@]}]}
  while [ "$b" = "$a" ]; do b=${HOSTS[RANDOM % ${#HOSTS[@]}]}; done
  case $kind in
    0) echo "cut $a from $b"; cut "$a" "$b"; sleep $((RANDOM % 4 + 1)); heal "$a" "$b" ;;
    1) echo "reset a connection of $BAD_LINE"; kill -USR1 "$LINE"; sleep 1 ;;
    2) echo "kill $a"; kill_coordinator "$a" KILL; sleep "0.$((RANDOM % 9))"; restart "$a" ;;
    3) SKEW[$a]=$((RANDOM % 280 - 140))s # any two are less than 5 minutes apart, which is the limit
       [ "${SKEW[$a]#-}" != "${SKEW[$a]}" ] || SKEW[$a]=+${SKEW[$a]}
       echo "the clock of $a shows ${SKEW[$a]}"
       kill_coordinator "$a"
       place "$a" "$a"
       restart "$a" ;;
    4) echo "the disk of lead-990101 is full"
       dd if=/dev/zero of="$DISK/filler" bs=1M 2>/dev/null || true
       sleep 2
       rm -f "$DISK/filler" ;;
  esac
}

# lead-990101 keeps its database on a disk that can be filled.
use_small_disk() {
  mkdir -p "$DISK"
  mount -t tmpfs -o size=160m none "$DISK"
  ln -s "$DISK" "$WORK/federation/lead-990101/store"
}

report_again() { # SETTINGS
  local id
  id=$(basename "$(dirname "$1")")
  # shellcheck disable=SC2086 # words
  timeout -s KILL 8 ${RUN_OF[$id]} "$BUILD/node/weft-node" report --settings "$1" --timeout 5s
}

run_once() { # SEED
  local id
  RANDOM=$1
  SKEW=()
  place_all
  province_begin
  use_small_disk
  province_start
  for id in "${SITES[@]}"; do
    ( RANDOM=$id; report_site "$id" report_again >>"$FED/h$id.log" 2>&1 && touch "$WORK/reported.$id" ) &
  done
  for _ in $(seq 10); do
    disturb
    sleep 1
  done
  for _ in $(seq 300); do
    [ "$(num_reported)" -lt 8 ] || break
    sleep 1
  done
  [ "$(num_reported)" -eq 8 ] || fail "seed $1: not all hospitals could report"
  for _ in $(seq 5); do # and while it is rolled up
    province_released && break
    disturb
  done
  for _ in $(seq 300); do province_released && break; sleep 1; done
  province_released || fail "seed $1: not released"
  province_compare
  echo "seed $1 passed"
}

province_split
make_network
for seed in $(seq "$SEED" $((SEED + RUNS - 1))); do
  run_once "$seed"
  federation_end
  umount "$DISK"
  rm -rf "$WORK/federation" "$WORK/compare" "$WORK"/reported.*
done
echo "test_network passed: $RUNS runs from seed $SEED"
