#!/usr/bin/env bash
# test_crash.sh BUILD [SEED] - kill -9 of leaders, helpers and hospitals' programs at random points, over and over,
# loses nothing and counts nothing twice: the totals are those of plain SQL.
set -euo pipefail
BUILD=$(realpath "$1")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
RANDOM=${2:-7}
WORK=$(mktemp -d /tmp/weft-test-crash.XXXXXX)
# shellcheck source=deploy/federation.sh
. "$ROOT/deploy/federation.sh"
finish() {
  local status=$?
  [ -n "${FED:-}" ] && federation_end
  if [ $status -ne 0 ]; then tail -n 5 "$WORK"/federation/*.log >&2 || true; fi
  rm -rf "$WORK"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

"$BUILD/deploy/weft-demo-split" "$ROOT/deploy/demo-data/eicu" "$WORK/records" >/dev/null
# four hospitals in each of two counties of the Midwest
mapfile -t SITES < <(awk -F, '$2 == "Midwest" && $1 % 5 < 2 && n[$1 % 5]++ < 4 { print $1 }' "$WORK/records/hospitals.csv")
[ ${#SITES[@]} -eq 8 ] || fail "expected 8 hospitals"

federation_begin "$WORK/federation" "$BUILD"
add_coordinator leader lead-990000 990000
add_coordinator helper help-990000
add_area 990000 "" province lead-990000 help-990000 省 Province
add_coordinator leader lead-990100 990100
add_coordinator helper help-990100
add_area 990100 990000 city lead-990100 help-990100 市 City
for county in 990101 990102; do
  add_coordinator leader lead-$county $county
  add_area $county 990100 county lead-$county help-990100 县 County
done
for id in "${SITES[@]}"; do add_site "h$id" $((990101 + id % 5)) "owner-$id" "医院$id" "Hospital $id"; done
sign_roster
cat >"$WORK/task.yaml" <<YAML
name: "crash test"
period: "2014-01..2015-12"
zone: "UTC"
close: "+30m"
close_when_complete: true
min_sites: 3
min_cell: 5
YAML
publish_task "$WORK/task.yaml" "$ROOT/catalogue/eicu-demo.yaml"

restart() { # ID
  case $1 in
    help-*) start_coordinator "$1" "" ;;
    lead-990000) start_coordinator "$1" "" help-990000 ;;
    lead-990100) start_coordinator "$1" lead-990000 lead-990000 help-990100 ;;
    *) start_coordinator "$1" lead-990100 lead-990100 help-990100 ;;
  esac
}
FED_POLL=200ms
ALL=(help-990000 help-990100 lead-990000 lead-990100 lead-990101 lead-990102)
for id in "${ALL[@]}"; do restart "$id"; done

report_site() { # ID: import, evaluate, approve once; then report, killed at random, until it succeeds
  local id=$1 settings map=$ROOT/deploy/demo-data/mapping pair file
  settings=$(site_settings "h$id")
  for pair in discharge:patient icu_stay:patient icu_day1:apachepredvar risk_score:apachepatientresult \
    treatment:treatment site_fact:hospital; do
    file=$WORK/records/$id/${pair##*:}.csv
    [ "$(head -2 "$file" | wc -l)" -gt 1 ] || continue
    node import --settings "$settings" --mapping "$map/${pair%%:*}.yaml" "$file"
  done
  for _ in $(seq 100); do node evaluate --settings "$settings" && break; sleep 0.2; done
  for _ in $(seq 100); do node approve --settings "$settings" --by tester && break; sleep 0.2; done
  for _ in $(seq 200); do
    if timeout -s KILL "0.$((RANDOM % 9 + 1))" "$BUILD/node/weft-node" report --settings "$settings" --timeout 5s; then
      return 0
    fi
    sleep 0.1
  done
  return 1
}

for id in "${SITES[@]}"; do
  ( RANDOM=$id; report_site "$id" >>"$FED/h$id.log" 2>&1 && touch "$WORK/reported.$id" ) &
done
kills=0
for _ in $(seq 400); do
  [ "$(find "$WORK" -maxdepth 1 -name 'reported.*' | wc -l)" -lt 8 ] || [ $kills -lt 25 ] || break
  victim=${ALL[RANDOM % ${#ALL[@]}]}
  kill_coordinator "$victim" KILL
  kills=$((kills + 1))
  sleep "0.$((RANDOM % 3))"
  restart "$victim"
  sleep "0.$((RANDOM % 5 + 1))"
done
[ "$(find "$WORK" -maxdepth 1 -name 'reported.*' | wc -l)" -eq 8 ] || fail "not all hospitals could report"

TOP=$FED/lead-990000/settings.yaml
for _ in $(seq 300); do
  coordinator status --settings "$TOP" --json 2>/dev/null | grep -q '"phase": *"released"' && break
  sleep 0.2
done
coordinator status --settings "$TOP" --json | grep -q '"phase": *"released"' || fail "not released"

mkdir "$WORK/compare"
for file in patient apachepatientresult apachepredvar treatment hospital; do
  head -1 "$WORK/records/${SITES[0]}/$file.csv" >"$WORK/compare/$file.csv"
  for id in "${SITES[@]}"; do tail -n +2 "$WORK/records/$id/$file.csv" >>"$WORK/compare/$file.csv"; done
done
(cd "$WORK/compare" && sqlite3 <"$ROOT/tests/system/eicu_oracle.sql" >oracle.csv)
for leader in lead-990000 lead-990100 lead-990101 lead-990102; do
  coordinator totals --settings "$FED/$leader/settings.yaml" --collector-view --json "$WORK/compare/totals.json" >/dev/null
  (cd "$WORK/compare" && sqlite3 <"$ROOT/tests/system/compare_totals.sql") | tee "$WORK/result.txt"
  grep -q ' different 0$' "$WORK/result.txt" || fail "$leader differs from the oracle"
  grep -qE '^compared [1-9][0-9]+ ' "$WORK/result.txt" || fail "$leader compared too little"
done
echo "test_crash passed: $kills kills of coordinators"
