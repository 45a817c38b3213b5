#!/usr/bin/env bash
# test_demo.sh BUILD - the README's main job from end to end: every number that it releases is what plain SQL over all
# rows together gives, and so is every suppressed one in its collector's own view.
set -euo pipefail
BUILD=$(realpath "$1")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WORK=$(mktemp -d /tmp/weft-test-demo.XXXXXX)
finish() {
  [ ! -x "$WORK/demo/stop" ] || "$WORK/demo/stop"
  rm -rf "$WORK"
}
trap finish EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

"$ROOT/deploy/demo" --build "$BUILD" --dir "$WORK/demo" --json "$WORK/totals.json" --keep >"$WORK/out.txt" ||
  { cat "$WORK/out.txt" >&2; fail "deploy/demo"; }
cat "$WORK/out.txt"
[ -x "$WORK/demo/stop" ] || fail "nothing to stop it with"

mkdir "$WORK/source"
for file in "$ROOT"/deploy/demo-data/eicu/*.csv.gz; do
  gzip -dc "$file" >"$WORK/source/$(basename "$file" .gz)"
done
(cd "$WORK/source" && sqlite3 <"$ROOT/tests/system/eicu_oracle.sql" >"$WORK/oracle.csv")

compare() { # JSON LEAST
  cp "$1" "$WORK/compare.json"
  (cd "$WORK" && cp compare.json totals.json.now && mkdir -p compare && cp compare.json compare/totals.json &&
    cp oracle.csv compare/ && cd compare && sqlite3 <"$ROOT/tests/system/compare_totals.sql") >"$WORK/result.txt" ||
    fail "comparison of $1"
  cat "$WORK/result.txt"
  grep -q ' different 0$' "$WORK/result.txt" || fail "$1 differs from the oracle"
  local compared
  compared=$(sed -n 's/^compared \([0-9]*\) .*/\1/p' "$WORK/result.txt")
  [ "$compared" -ge "$2" ] || fail "$1: only $compared numbers were compared"
}

echo "Released totals against SQL over all rows:"
compare "$WORK/totals.json" 300
for state in released withheld suppressed; do
  grep -q "$state=" "$WORK/result.txt" || fail "no total is $state"
done

echo "Collectors' own views, before suppression:"
for leader in "$WORK"/demo/federation/lead-*/; do
  [ -d "$leader" ] || continue
  "$BUILD/coordinator/weft-coordinator" totals --settings "$leader/settings.yaml" --collector-view \
    --json "$WORK/view.json" >/dev/null
  compare "$WORK/view.json" 0 >/dev/null
  total=$((${total:-0} + $(sed -n 's/^compared \([0-9]*\) .*/\1/p' "$WORK/result.txt")))
done
echo "compared $total"
[ "$total" -ge 1500 ] || fail "only $total numbers in the collectors' views"

# Every report counted. No hospital's number stands in a coordinator's log, and none of its own secrets in its own.
if grep -l '"code":"W5015"' "$WORK"/demo/federation/*.log; then fail "a false alarm about a freeze"; fi
if grep -lE '"(vector|share|secret|key)":' "$WORK"/demo/federation/*.log; then fail "secrets in a log"; fi

"$WORK/demo/stop"
! pgrep -f "$WORK/demo/federation" >/dev/null || fail "stop leaves processes"
[ ! -e "$WORK/demo" ] || fail "stop leaves files"

# Interrupted while hospitals report, it leaves no process behind.
set -m
"$ROOT/deploy/demo" --build "$BUILD" --dir "$WORK/cut" >"$WORK/cut.txt" 2>&1 &
cut=$!
set +m
for _ in $(seq 300); do
  [ ! -s "$WORK/cut/done.0" ] || break
  sleep 0.2
done
[ -s "$WORK/cut/done.0" ] || fail "no hospital reported"
kill -INT -- "-$cut"
status=0
wait "$cut" || status=$?
[ $status -eq 130 ] || { cat "$WORK/cut.txt"; fail "interrupted, it ends with $status"; }
! pgrep -f "$WORK/cut/" >/dev/null || fail "an interrupted demo leaves processes"
for wrong in "--lang xx" "--json" "--build $WORK" "--dir" "--frob"; do
  status=0
  "$ROOT/deploy/demo" $wrong >/dev/null 2>"$WORK/wrong.txt" || status=$?
  [ $status -eq 2 ] && [ -s "$WORK/wrong.txt" ] || fail "$wrong ends with $status"
done
echo "test_demo passed"
