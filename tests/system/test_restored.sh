#!/usr/bin/env bash
# test_restored.sh BUILD - a leader whose database is put back to an older copy, in which two reports are missing, says so;
# the hospitals give them again by themselves, and the totals are those of plain SQL.
set -euo pipefail
BUILD=$(realpath "$1")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/small_province.sh
. "$ROOT/tests/system/small_province.sh"
province_workplace

report() { "$BUILD/node/weft-node" report --settings "$1" --timeout 20s; }
report_all() { local id; for id in "$@"; do report_site "$id" report >>"$FED/h$id.log" 2>&1 || fail "h$id could not report"; done; }
LEADER=lead-990101
STORE=federation/$LEADER/store/data.mdb

province_split
own=() others=()
for id in "${SITES[@]}"; do
  if [ "$(county_of "$id")" = 990101 ]; then own+=("$id"); else others+=("$id"); fi
done
province_begin
province_start
report_all "${others[@]}" "${own[0]}"
kill_coordinator $LEADER
cp "$WORK/$STORE" "$WORK/older.mdb"
restart $LEADER
report_all "${own[1]}" "${own[2]}"
kill_coordinator $LEADER KILL
cp "$WORK/older.mdb" "$WORK/$STORE"
restart $LEADER
grep -q 'the database was restored from a backup' "$FED/$LEADER.log" || fail "the leader does not say that it was restored"
for id in "${own[1]}" "${own[2]}"; do # what runs at a hospital day and night, here once
  "$BUILD/node/weft-node" run --settings "$FED/h$id/settings.yaml" --once >>"$FED/h$id.log" 2>&1 || fail "h$id"
done
report_all "${own[3]}"
for _ in $(seq 300); do province_released && break; sleep 0.2; done
province_released || fail "not released"
province_compare
[ "$(wc -l <"$FED/$LEADER/signed.log")" -ge 3 ] || fail "signatures are not listed"
echo "test_restored passed"
