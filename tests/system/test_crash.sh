#!/usr/bin/env bash
# test_crash.sh BUILD [SEED] - kill -9 of leaders, helpers and hospitals' programs at random points, over and over,
# loses nothing and counts nothing twice: the totals are those of plain SQL.
set -euo pipefail
BUILD=$(realpath "$1")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
RANDOM=${2:-7}
# shellcheck source=tests/system/small_province.sh
. "$ROOT/tests/system/small_province.sh"
province_workplace

report_and_die() { timeout -s KILL "0.$((RANDOM % 9 + 1))" "$BUILD/node/weft-node" report --settings "$1" --timeout 5s; }

province_split
province_begin
province_start
for id in "${SITES[@]}"; do
  ( RANDOM=$id; report_site "$id" report_and_die >>"$FED/h$id.log" 2>&1 && touch "$WORK/reported.$id" ) &
done
kills=0
for _ in $(seq 400); do
  [ "$(num_reported)" -lt 8 ] || [ $kills -lt 25 ] || break
  victim=${ALL[RANDOM % ${#ALL[@]}]}
  kill_coordinator "$victim" KILL
  kills=$((kills + 1))
  sleep "0.$((RANDOM % 3))"
  restart "$victim"
  sleep "0.$((RANDOM % 5 + 1))"
done
[ "$(num_reported)" -eq 8 ] || fail "not all hospitals could report"
for _ in $(seq 300); do province_released && break; sleep 0.2; done
province_released || fail "not released"
province_compare
echo "test_crash passed: $kills kills of coordinators"
