#!/usr/bin/env bash
# test_task_life.sh BUILD - what comes after the close, with the real programs: a note beside a total, a revision that one
# hospital corrects and consents to, its new totals beside those that stand, and who approved what.
set -euo pipefail
BUILD=$(realpath "$1")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/small_province.sh
. "$ROOT/tests/system/small_province.sh"
province_workplace

wait_for() { # COMMAND...: until it succeeds
  for _ in $(seq 600); do "$@" && return 0; sleep 0.1; done
  fail "never: $*"
}

totals() { coordinator totals --settings "$FED/$1/settings.yaml" --lang en "${@:2}" >"$WORK/totals.txt"; }
shows() { totals "$1" && grep -q "$2" "$WORK/totals.txt"; } # LEADER TEXT
status_of() { coordinator status --settings "$FED/$1/settings.yaml" --lang en >"$WORK/status.txt"; }
says() { status_of "$1" && grep -q "$2" "$WORK/status.txt"; } # COORDINATOR TEXT

# All programs see a clock that is MINUTES ahead: what people wait days for is waited for at once.
jump() { # MINUTES
  local library
  library=$(dpkg -L libfaketime | grep 'libfaketimeMT.so.1$')
  federation_end
  export LD_PRELOAD=$library FAKETIME="+${1}m" FAKETIME_DONT_FAKE_MONOTONIC=1
  export ASAN_OPTIONS=verify_asan_link_order=0 # of a build with sanitizers
  province_start
}

province_split
TASK_TIMES='order: +20m
plan: +1s
pattern: +1s'
province_begin
province_start
so_far() { coordinator completeness --settings "$FED/lead-990101/settings.yaml" --lang en | grep -q "NOT YET FROZEN, so far: of 4 expected here 0 accepted"; }
wait_for so_far 2>/dev/null
for id in "${SITES[@]}"; do
  ( report_site "$id" node report --settings >>"$FED/h$id.log" 2>&1 && touch "$WORK/reported.$id" ) &
done
wait_for eval '[ "$(num_reported)" -eq 8 ]'
wait_for province_released

# ---- a known error is said
note() {
  coordinator note --settings "$FED/lead-990101/settings.yaml" --area 990101 --indicator "$INDICATOR" \
    --zh "一家医院漏报重症" --en "$1" --lang en >"$WORK/note.txt" 2>&1
}
INDICATOR=$(coordinator totals --settings "$FED/lead-990101/settings.yaml" --json - | jq -r '.totals[0].indicator')
wait_for shows lead-990101 "released"
wait_for note "one hospital left out its intensive care"
note "about 7 patients too few" && fail "a note with a number was taken"
grep -q NOTE_REFUSED "$WORK/note.txt" || fail "not refused as a note"
wait_for shows lead-990000 "known error ($INDICATOR, r0): one hospital left out its intensive care"
coordinator events --settings "$FED/lead-990000/settings.yaml" --lang en | grep -q "a known error is noted" || fail "no event"

# ---- peers: who is not reached
kill_coordinator help-990100
wait_for says lead-990101 "helper help-990100: .*; not reached since .*: W3004 UNREACHABLE"
restart help-990100
wait_for eval '! says lead-990101 "not reached"'

# ---- a revision: one hospital corrects itself and consents that its change is seen
jump 60
REVISION="$FED/revision.doc"
authority revise --task "$TASK_DOC" --roster "$ROSTER" --for +30m --out "$REVISION"
for side in leader helper; do authority sign --dir "$FED/authority-$side" --roster "$ROSTER" --catalogue "$ROOT/catalogue/eicu-demo.yaml" "$REVISION"; done
authority publish --dir "$FED/publication" "$REVISION"
ID=$("$BUILD/coordinator/weft-authority" show --lang en "$REVISION" | sed -n 's/^ *digest (SHA-256): //p')
wait_for says lead-990000 "superseded by revision 1, task ${ID:0:16}"
for corrected in "${SITES[@]}"; do [ "$(county_of "$corrected")" != 990101 ] || break; done
SETTINGS=$(site_settings "h$corrected")
sed -i '0,/Alive/s/Alive/Expired/' "$WORK/records/$corrected/patient.csv" # a death that was not told
node import --settings "$SETTINGS" --mapping "$ROOT/deploy/demo-data/mapping/discharge.yaml" "$WORK/records/$corrected/patient.csv"
on_revision() { node "$1" --settings "$SETTINGS" --task "$ID" "${@:2}" >>"$FED/h$corrected.log" 2>&1; }
wait_for on_revision evaluate
on_revision approve --by tester || fail "not approved"
on_revision consent --confirm "h$corrected" || fail "no consent"
wait_for on_revision report
jump 95
wait_for shows lead-990101 "released r1"
totals lead-990102
grep -q "released r0 (nothing was corrected)" "$WORK/totals.txt" || fail "what stands is not shown as it was"
FIRST=$("$BUILD/coordinator/weft-authority" show --lang en "$TASK_DOC" | sed -n 's/^ *digest (SHA-256): //p')
totals lead-990101 --task "$FIRST" --alone
! grep -q "r1" "$WORK/totals.txt" || fail "the first task alone shows its revision"
node status --settings "$SETTINGS" --lang en | grep -q "superseded by revision 1" || fail "the hospital does not see the revision"

coordinator completeness --settings "$FED/lead-990101/settings.yaml" --all --json |
  jq -e '(.tasks | length) == 2 and all(.tasks[].areas[]; .so_far == null)' >/dev/null || fail "completeness of both tasks"

# ---- who approved what
node approve --settings "$SETTINGS" --task "$ID" --standing --by chief >/dev/null
node approvals --settings "$SETTINGS" --lang en | grep -q "approved by chief" || fail "no standing approval listed"
CATALOGUE=$(node approvals --settings "$SETTINGS" --json | jq -r '.[0].catalogue')
node approvals --settings "$SETTINGS" --revoke "${CATALOGUE:0:8}" --by deputy --lang en | grep -q "revoked by deputy" || fail "not revoked"
echo "test_task_life passed"
