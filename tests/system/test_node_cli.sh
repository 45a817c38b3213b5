#!/usr/bin/env bash
# test_node_cli.sh BUILD - weft-node as a hospital's IT department meets it: what it refuses and how it says so, and a
# report's way past a helper that is down, a daemon beside it, a crash in the egress log and a restored backup.
set -euo pipefail
BUILD=$(realpath "$1")
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WORK=$(mktemp -d /tmp/weft-test-node.XXXXXX)
export WEFT_LANG=en LC_ALL=C.UTF-8
# shellcheck source=deploy/federation.sh
. "$ROOT/deploy/federation.sh"
DAEMON=
finish() {
  local status=$?
  [ -z "$DAEMON" ] || kill -TERM "$DAEMON" 2>/dev/null || true
  [ -n "${FED:-}" ] && federation_end
  rm -rf "$WORK"
  exit $status
}
trap finish EXIT
FAILURES=0
fail() {
  echo "FAILED: $*"
  FAILURES=$((FAILURES + 1))
}
out=$WORK/out.txt

# passes NAME COMMAND...
passes() {
  local name=$1
  shift
  "$@" >"$out" 2>&1 || { fail "$name"; cat "$out"; }
}
# refuses NAME EXIT ERROR TEXT COMMAND...: this exit code, this error, and this text in it
refuses() {
  local name=$1 code=$2 error=$3 text=$4 rc=0
  shift 4
  "$@" >"$out" 2>&1 || rc=$?
  if [ $rc -ne "$code" ] || ! grep -q " $error[: ]" "$out" || ! grep -qF -- "$text" "$out"; then
    fail "$name: exit $rc (not $code), or not $error with '$text' but"
    cat "$out"
  fi
}
# says TEXT: in the output of the last command
says() { grep -qF -- "$1" "$out" || { fail "does not say '$1' but"; cat "$out"; }; }

# ---------------------------------------------------------------- init

n() { "$BUILD/node/weft-node" "$@"; }
passes "init" n init --dir "$WORK/try" --id h9 --tls-name h9.weft.test
says "fingerprint"
refuses "init twice" 1 ALREADY_INITIALISED "$WORK/try" n init --dir "$WORK/try" --id h9 --tls-name h9.weft.test
refuses "a bad id" 2 USAGE "h 9" n init --dir "$WORK/try2" --id "h 9" --tls-name h9.weft.test
[ ! -e "$WORK/try2" ] || fail "a refused init left something"
refuses "a missing option" 2 USAGE "tls-name" n init --dir "$WORK/try2" --id h9
refuses "an unknown command" 2 USAGE "evaluate" n evalute
[ "$(stat -c %a "$WORK/try/site.secret")" = 600 ] || fail "site.secret is open to others"

# ---------------------------------------------------------------- a net of one area and four hospitals

federation_begin "$WORK/federation" "$BUILD"
add_coordinator leader lead 990000
add_coordinator helper help
add_area 990000 "" province lead help 省 Province
for s in a b c d; do add_site $s 990000 "owner-$s" "医院$s" "Hospital $s"; done
sign_roster
cat >"$WORK/catalogue.yaml" <<'YAML'
catalogue: 1
id: test
version: "1"
name: {en: test, zh: 测试}
populations:
  stays: {name: {en: stays, zh: 住院}, table: discharge}
indicators:
  - id: mortality
    name: {en: mortality, zh: 死亡率}
    kind: proportion
    population: stays
    numerator: outcome = "dead"
    bounds: {numerator: 20, complement: 20, missing: 20}
    unit: "%"
    direction: lower
    source: test
YAML
cat >"$WORK/task.yaml" <<'YAML'
name: "node test"
period: "2014"
close: "+30m"
close_when_complete: true
min_sites: 3
min_cell: 5
YAML
publish_task "$WORK/task.yaml" "$WORK/catalogue.yaml"
FED_POLL=100ms
start_coordinator help ""
start_coordinator lead "" help
for s in a b c d; do declare "S$s=$(site_settings $s)"; done

# ---------------------------------------------------------------- settings

sed 's/^poll:/pol:/' "$Sa" >"$WORK/bad.yaml"
line=$(grep -n '^pol:' "$WORK/bad.yaml" | cut -d: -f1)
refuses "an unknown setting" 1 YAML_UNKNOWN_KEY "bad.yaml:$line:1" n status --settings "$WORK/bad.yaml"
says "poll"
grep -v '^leader:' "$Sa" >"$WORK/bad.yaml"
refuses "no leader" 1 YAML_MISSING_KEY "field leader" n status --settings "$WORK/bad.yaml"
sed 's/^leader:.*/leader: "lead.weft.test"/' "$Sa" >"$WORK/bad.yaml"
refuses "a leader without address" 1 YAML_BAD_VALUE "HOST:PORT" n status --settings "$WORK/bad.yaml"
refuses "status before anything was imported" 1 STORE_OPEN "not there yet" n status --settings "$Sa"
refuses "no such settings file" 1 FILE_READ "none.yaml" n status --settings "$WORK/none.yaml"
# ---------------------------------------------------------------- before going live

says_level() { jq -e --arg check "$1" --arg level "$2" '[.checks[] | select(.check == $check)][0].level == $level' "$out" >/dev/null || { fail "$1 is not $2 but"; cat "$out"; }; }
passes "check" n check --settings "$Sc" --json
for c in settings keys certificate roots disk connection tls service clock roster; do says_level $c ok; done
sed "s/^leader:.*/leader: \"other.weft.test 127.0.0.1:${PORTS[lead]}\"/" "$Sc" >"$WORK/bad.yaml"
refuses "check of a wrong name" 1 CHECK_FAILED "" n check --settings "$WORK/bad.yaml"
says "FAIL  tls"
sed 's/^leader:.*/leader: "lead.weft.test nowhere.invalid:7443"/' "$Sc" >"$WORK/bad.yaml"
refuses "check of a name that is none" 1 CHECK_FAILED "does not resolve" n check --settings "$WORK/bad.yaml"
# ---------------------------------------------------------------- import

cat >"$WORK/m.yaml" <<'YAML'
mapping: 1
table: discharge
columns:
  record: {from: id}
  age: {from: age}
  discharge_time: {from: out}
  outcome: {from: outcome, values: {"1": alive, "2": dead}}
YAML
csv() { printf 'id,age,out,outcome\n'; printf "$@"; }
import() { n import --settings "$1" --mapping "$WORK/m.yaml" "${@:2}"; }
chmod 644 "$FED/a/sign.key"
refuses "an open secret" 1 SECRET_PERMISSIONS "sign.key" import "$Sa" x.csv
chmod 600 "$FED/a/sign.key"
csv '1,40,2014-03-01,1\n2,old,2014-03-02,1\n' >"$WORK/type.csv"
passes "a row of the wrong type" import "$Sa" "$WORK/type.csv" --rejects "$WORK/rejects.csv"
says "IMPORT_BAD_VALUE: $WORK/type.csv:3:3"
says "1 new"
says "1 rejected"
grep -q "type.csv\",3,3,\"age\",2013," "$WORK/rejects.csv" || fail "the reject file does not name the reason"
csv '1,40,2014-03-01,1\n' >"$WORK/good.csv"
passes "no bad row" import "$Sa" "$WORK/good.csv" --rejects "$WORK/rejects.csv"
[ "$(wc -l <"$WORK/rejects.csv")" = 1 ] || fail "the list of an earlier import stands for this one's"
cp "$WORK/type.csv" "$WORK/kept.csv"
refuses "rejected rows over the file itself" 2 USAGE "type.csv" import "$Sa" "$WORK/type.csv" --rejects "$WORK/./type.csv"
cmp -s "$WORK/type.csv" "$WORK/kept.csv" || fail "a refused import changed the file"
sed 's/^columns:/zone: Mars\ncolumns:/' "$WORK/m.yaml" >"$WORK/zone.yaml"
refuses "an unknown zone" 1 BAD_TIME "zone.yaml:3:7" n import --settings "$Sa" --mapping "$WORK/zone.yaml" "$WORK/type.csv"
sed "s|^certificate:.*|certificate: $FED/b/tls.crt|" "$Sa" >"$WORK/bad.yaml"
passes "status with another's certificate" n status --settings "$WORK/bad.yaml"
says "the certificate is for b.weft.test"
passes "the same as JSON" n status --settings "$WORK/bad.yaml" --json
says '"certificate_error": "CERTIFICATE"'
csv '1,old,2014-03-02,1\n' >"$WORK/all.csv"
refuses "only bad rows" 1 IMPORT_BAD_VALUE "all.csv:2:3" import "$Sa" "$WORK/all.csv"
printf 'id,years,out,outcome\n1,40,2014-03-01,1\n' >"$WORK/column.csv"
refuses "an unknown column" 1 IMPORT_UNKNOWN_COLUMN "age" import "$Sa" "$WORK/column.csv"
csv '1,40,2014-03-01,1\n2,40,20' >"$WORK/cut.csv"
refuses "a truncated file" 1 CSV_TRUNCATED "cut.csv:3" import "$Sa" "$WORK/cut.csv"
csv '7,40,2014-03-01,1\n7,41,2014-03-01,1\n' >"$WORK/twice.csv"
passes "a duplicate record id" import "$Sa" "$WORK/twice.csv"
says "IMPORT_DUPLICATE_ID: $WORK/twice.csv:3"
: >"$WORK/empty.csv"
refuses "an empty file" 1 CSV_EMPTY "empty.csv" import "$Sa" "$WORK/empty.csv"
refuses "a missing file" 1 FILE_READ "nothing.csv" import "$Sa" "$WORK/nothing.csv"
printf '\xc4\xe3,age,out,outcome\n1,40,2014-03-01,1\n' >"$WORK/gbk.csv"
refuses "another encoding" 1 CSV_ENCODING "gbk.csv:1" import "$Sa" "$WORK/gbk.csv"
sed 's/from: age/form: age/' "$WORK/m.yaml" >"$WORK/bad-m.yaml"
refuses "a bad mapping" 1 IMPORT_MAPPING "bad-m.yaml:5" \
  n import --settings "$Sa" --mapping "$WORK/bad-m.yaml" "$WORK/type.csv"

# ---------------------------------------------------------------- lock

exec 9>"$FED/a/store.lock"
flock 9
refuses "a second program" 1 STORE_LOCKED "$FED/a/store" import "$Sa" "$WORK/type.csv"
passes "looking needs no lock" n status --settings "$Sa"
flock -u 9
exec 9>&-

# ---------------------------------------------------------------- evaluate, approve, report

refuses "evaluate before any task is known" 1 TASK_UNKNOWN "" n evaluate --offline --settings "$Sa"
rows() { # FIRST DEAD ALIVE
  local i
  printf 'id,age,out,outcome\n'
  for ((i = 0; i < $2 + $3; i++)); do echo "r$(($1 + i)),50,2014-05-01,$((i < $2 ? 2 : 1))"; done
}
rows 0 21 3 >"$WORK/many.csv"
passes "import" import "$Sa" "$WORK/many.csv"
refuses "a bound that is too small" 1 BOUND_TOO_SMALL "mortality numerator: 21 > 20" n evaluate --settings "$Sa"
refuses "report before evaluate" 1 NOT_EVALUATED "" n report --settings "$Sa"
rows 0 9 9 >"$WORK/fewer.csv"
rm -r "$FED/a/store"
passes "import again" import "$Sa" "$WORK/fewer.csv"
passes "evaluate" n evaluate --settings "$Sa"
says "4 numbers"
refuses "a task that is not there" 1 TASK_UNKNOWN "ffff" n preview --settings "$Sa" --task ffff
refuses "report before approve" 1 NOT_APPROVED "" n report --settings "$Sa"
grep -q '"method":"Submit"' "$FED/a/egress.log" && fail "something left before the approval"
passes "preview" n preview --settings "$Sa" --vector
says "numerator 9 / denominator 18"
says "sealed for the helper"
passes "preview in Chinese" n preview --settings "$Sa" --lang zh
says "密封给辅方"
refuses "approve without a name" 2 USAGE "by" n approve --settings "$Sa"
passes "approve" n approve --settings "$Sa" --by "Dr. Li 李"
kill_coordinator help
refuses "report while the helper is down" 1 REPORT_WAITING "revision 1" n report --settings "$Sa" --timeout 1s
passes "status" n status --settings "$Sa" --json
says '"state": "sending"'
first=$(grep '"method":"Submit"' "$FED/a/egress.log" | head -1 | grep -o '"sha256":"[0-9a-f]*"')
start_coordinator help ""
passes "report" n report --settings "$Sa" --timeout 30s
says "Accepted by leader and helper: revision 1"
[ "$(grep '"method":"Submit"' "$FED/a/egress.log" | grep -o '"sha256":"[0-9a-f]*"' | sort -u)" = "$first" ] ||
  fail "other bytes left for the same revision"
grep -q '"kind":"commitment"' "$FED/a/egress.log" || fail "no commitment in the log"
passes "report again" n report --settings "$Sa"
says "revision 1"
cp -r "$FED/a/store" "$WORK/backup"

# a correction: new numbers need a new approval
rows 18 1 0 >"$WORK/one.csv"
passes "import a late record" import "$Sa" "$WORK/one.csv"
passes "preview of changed records" n preview --settings "$Sa"
says "run evaluate before approving"
passes "evaluate again" n evaluate --settings "$Sa"
refuses "report without a new approval" 1 NOT_APPROVED "" n report --settings "$Sa"
passes "approve again" n approve --settings "$Sa" --by "Dr. Li"
passes "report the correction" n report --settings "$Sa"
says "revision 2"

# ---------------------------------------------------------------- egress log

lines=$(wc -l <"$FED/a/egress.log")
printf '{"n":%d,"time' "$lines" >>"$FED/a/egress.log"
passes "status --egress beside an incomplete line" n status --settings "$Sa" --egress
says "$lines lines"
passes "a crash's incomplete line is cut off" n evaluate --settings "$Sa"
tail -c1 "$FED/a/egress.log" | cmp -s - <(echo) || fail "the log does not end with a line"
cp "$FED/a/egress.log" "$WORK/egress.log"
sed -i 2d "$FED/a/egress.log"
refuses "a line taken out of the log" 1 EGRESS_LOG "egress.log:2" n evaluate --settings "$Sa"
cp "$WORK/egress.log" "$FED/a/egress.log"

# ---------------------------------------------------------------- the leader cannot be reached; foreign certificate

sed "s/^leader:.*/leader: \"lead.weft.test 127.0.0.1:1\"/" "$Sb" >"$FED/b/far.yaml"
refuses "an unreachable leader" 1 UNREACHABLE "lead.weft.test" n evaluate --settings "$FED/b/far.yaml"
sed "s/^certificate:.*/certificate: \"${FED//\//\\/}\/a\/tls.crt\"/" "$Sb" >"$FED/b/foreign.yaml"
refuses "someone else's certificate" 1 CERTIFICATE "" n evaluate --settings "$FED/b/foreign.yaml"

# ---------------------------------------------------------------- standing approval; the daemon beside commands

passes "import b" import "$Sb" "$WORK/fewer.csv"
passes "evaluate b" n evaluate --settings "$Sb"
passes "standing approval" n approve --settings "$Sb" --standing --by "Director"
says "catalogue version 1"
passes "run --once reports by itself" n run --settings "$Sb" --once
passes "status b" n status --settings "$Sb" --json
says '"state": "accepted"'
says '"standing": true'

"$BUILD/node/weft-node" run --settings "$Sc" >"$WORK/daemon.log" 2>&1 &
DAEMON=$!
passes "import beside the daemon" import "$Sc" "$WORK/fewer.csv"
passes "evaluate beside the daemon" n evaluate --settings "$Sc"
passes "approve beside the daemon" n approve --settings "$Sc" --by "Dr. Wang"
for _ in $(seq 100); do
  n status --settings "$Sc" --json 2>/dev/null | grep -q '"state": "accepted", "reason"' && break
  sleep 0.1
done
passes "the daemon reported" n status --settings "$Sc" --json
says '"approved_by": "Dr. Wang"'
says '"state": "accepted"'

# ---------------------------------------------------------------- freeze and release; a restored backup

passes "import d" import "$Sd" "$WORK/fewer.csv"
# d has no network: all by file
lead() { local command=$1; shift; "$BUILD/coordinator/weft-coordinator" "$command" --settings "$FED/lead/settings.yaml" "$@"; }
passes "export" lead export d "$WORK/d.parcel"
refuses "export over a file" 1 FILE_EXISTS "" lead export d "$WORK/d.parcel"
refuses "export for nobody" 1 REPORT_SITE_UNKNOWN "" lead export x "$WORK/x.parcel"
head -c -40 "$WORK/d.parcel" >"$WORK/cut.parcel"
refuses "a parcel that was cut off" 1 PARCEL "damaged" n take --settings "$Sd" "$WORK/cut.parcel"
refuses "another hospital's parcel" 1 PARCEL "for d" n take --settings "$Sb" "$WORK/d.parcel"
refuses "a file that is none" 1 PARCEL "not a parcel" n take --settings "$Sd" "$Sd"
refuses "offline before anything was taken" 1 TASK_UNKNOWN "" n evaluate --settings "$Sd" --offline
passes "take" n take --settings "$Sd" "$WORK/d.parcel"
passes "evaluate d" n evaluate --settings "$Sd" --offline
refuses "report to a file unapproved" 1 NOT_APPROVED "" n report --settings "$Sd" --to-file "$WORK/r.parcel"
[ ! -e "$WORK/r.parcel" ] || fail "a refused report left a file"
passes "approve d" n approve --settings "$Sd" --by "Dr. Wang"
passes "report d to a file" n report --settings "$Sd" --to-file "$WORK/r.parcel"
passes "the same again" n report --settings "$Sd" --to-file "$WORK/r2.parcel"
cmp -s "$WORK/r.parcel" "$WORK/r2.parcel" || fail "a report's bytes changed"
grep -q '"kind":"report".*"destination":"file"' "$FED/d/egress.log" || fail "the file is not in the egress log"
refuses "a hospital's parcel at the leader" 1 PARCEL "holds no report" lead accept "$WORK/d.parcel"
refuses "a report at a hospital" 1 PARCEL "for the leader" n take --settings "$Sd" "$WORK/r.parcel"
refuses "another leader's report" 1 REPORT_SITE_UNKNOWN "" "$BUILD/coordinator/weft-coordinator" accept --settings "$FED/help/settings.yaml" "$WORK/r.parcel"
passes "accept" lead accept "$WORK/r.parcel"
says "report of d"
passes "accept the same again" lead accept "$WORK/r2.parcel"
for i in $(seq 300); do
  rm -f "$WORK/back.parcel"
  lead export d "$WORK/back.parcel" >"$out" 2>&1 && n take --settings "$Sd" "$WORK/back.parcel" >"$out" 2>&1 || fail "receipt by file: $(cat "$out")"
  n status --settings "$Sd" --json | grep -q '"state": "released"' && break
  sleep 0.1
done
passes "receipts" lead show receipts --json
jq -e '(.receipts | length) > 4 and ([.receipts[] | select(.site == "d")][0] | .state == "accepted" and .signed_by == "help, lead")' "$out" >/dev/null || { fail "receipts"; cat "$out"; }
passes "freezes" lead show freezes --json
jq -e '[.freezes[0].reports[].site] == ["a", "b", "c", "d"]' "$out" >/dev/null || { fail "freezes"; cat "$out"; }
passes "freezes as text" lead show freezes
says "4 reports, signed by"
passes "status d" n status --settings "$Sd" --json
says '"state": "released"'
says '"state": "accepted"'
for _ in $(seq 300); do
  n status --settings "$Sc" --json | grep -q '"state": "released"' && break
  sleep 0.1
done
passes "the daemon has the release" n status --settings "$Sc" --json
says '"releases": ["990000"]'
kill -TERM $DAEMON
wait $DAEMON || fail "the daemon did not end well: $?"
DAEMON=
grep -q '"level":"error"' "$WORK/daemon.log" && { fail "the daemon logged errors"; cat "$WORK/daemon.log"; }
passes "run --once a" n run --settings "$Sa" --once
passes "status a" n status --settings "$Sa"
says "released"
refuses "an approval after the close" 1 TASK_CLOSED "task" n approve --settings "$Sc" --by late
cp "$FED/a/store/data.mdb" "$WORK/whole.mdb"
truncate -s 8192 "$FED/a/store/data.mdb"
refuses "a database that was cut off" 1 STORE_IO "missing or unreadable" n status --settings "$Sa"
cp "$WORK/whole.mdb" "$FED/a/store/data.mdb"
rm -r "$FED/a/store"
cp -r "$WORK/backup" "$FED/a/store"
passes "run --once on a restored backup" n run --settings "$Sa" --once
passes "what was restored has fetched its frozen report" n status --settings "$Sa"
says "released"
rm -r "$FED/a/store"
passes "an empty store" import "$Sa" "$WORK/fewer.csv"
passes "run --once on an empty store" n run --settings "$Sa" --once
passes "an empty store has fetched its frozen report" n status --settings "$Sa"
says "released"

[ $FAILURES = 0 ] && echo "all held"
exit $((FAILURES > 0))
