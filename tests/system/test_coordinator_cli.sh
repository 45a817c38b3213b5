#!/bin/bash
# weft-coordinator from the outside: commands and their errors, then four of them as processes, killed on the way,
# that take a task without reports to its end.
#   test_coordinator_cli.sh WEFT_COORDINATOR WEFT_AUTHORITY MAKE_IDENTITY
set -eu
export WEFT_LANG=en LC_ALL=C.UTF-8
coordinator=$1
authority=$2
identity=$3
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/system/checks.sh
. "$here/checks.sh"
workplace

# ---- help
for lang in en zh; do
    for command in "" init run status totals; do
        passes "help of '$command' in $lang" "$coordinator" $command --help --lang $lang
        [ -s out.txt ] || fail "empty help"
    done
done
"$coordinator" --help --lang zh | grep -q 协调 || fail "no Chinese help"
passes "settings" "$coordinator" settings
grep -q '`port_file`' out.txt || fail "settings are not documented"
status=0
"$coordinator" rum >out.txt 2>&1 || status=$?
[ $status = 2 ] || fail "an unknown command does not exit with 2"
grep -q run out.txt || fail "an unknown command gets no suggestion"

# ---- init
for c in top-l top-h city-l city-h; do
    case $c in top-l) areas="--area 330000" ;; city-l) areas="--area 330300" ;; *) areas="" ;; esac
    passes "init $c" "$coordinator" init --dir $c --id $c --tls-name $c.weft.test $areas
    grep -qE '([0-9a-f]{4} ){7}[0-9a-f]{4}' out.txt || fail "init of $c prints no fingerprint"
done
refuses "a second init" ALREADY_INITIALISED "$coordinator" init --dir top-l --id top-l --tls-name top-l.weft.test
refuses "init with a bad name" USAGE "$coordinator" init --dir x --id 'a b' --tls-name x.weft.test
[ ! -e x ] || fail "a refused init left a directory"

# ---- the authority's ceremony
{
    "$authority" init --side leader --name commission --dir leader
    "$authority" init --side helper --name university --dir helper
    "$authority" init --side leader --name foreign --dir foreign
    "$authority" new-roster --dir leader --root helper/root.yaml --context "weft demo v1" --expires 2099-01-01 --roster r.doc
    "$authority" add-operator --roster r.doc --id health --side leader --body Health --name-zh 卫健委 --name-en Health
    "$authority" add-operator --roster r.doc --id uni --side helper --body University --name-zh 大学 --name-en University
    for c in top-l city-l top-h city-h; do
        case $c in *-l) operator=health ;; *) operator=uni ;; esac
        "$authority" add-coordinator --dir leader --roster r.doc --operator $operator --cert-out $c/tls.crt $c/join.yaml
    done
    "$authority" add-area --roster r.doc --code 330000 --tier province --leader-join top-l/join.yaml --helper top-h \
        --name-zh 浙江省 --name-en Zhejiang
    "$authority" add-area --roster r.doc --code 330300 --parent 330000 --tier city --leader-join city-l/join.yaml \
        --helper city-h --name-zh 温州市 --name-en Wenzhou
    for s in h1 h2 h3; do

        "$identity" $s site $s $s.weft.test
        "$authority" add-site --dir leader --roster r.doc --area 330300 --owner owner-$s --name-zh 医院$s \
            --name-en "Hospital $s" --cert-out $s/tls.crt $s/join.yaml
    done
    "$authority" sign --dir leader r.doc
    "$authority" sign --dir helper r.doc
} >ceremony.txt 2>&1 || { fail "ceremony"; cat ceremony.txt; }

cat >catalogue.yaml <<'YAML'
catalogue: 1
id: test
version: "1"
name: {en: Test, zh: 测试}
populations:
  stays: {name: {en: stays, zh: 住科}, table: icu_stay}
indicators:
  - id: mortality
    name: {en: mortality in intensive care, zh: 重症死亡率}
    kind: proportion
    population: stays
    numerator: outcome = "dead"
    bounds: {numerator: 250, complement: 250, missing: 250}
    unit: "%"
    direction: lower
    source: test
YAML
make_task() {
    printf 'name: Test\nperiod: "2014"\nclose: +12s\norder: +1s\nplan: +1s\npattern: +1s\nmin_sites: 3\nmin_cell: 5\n' >task.yaml
    "$authority" task --settings task.yaml --catalogue catalogue.yaml --roster r.doc --out t.doc &&
        "$authority" sign --dir leader --roster r.doc --catalogue catalogue.yaml t.doc &&
        "$authority" sign --dir helper --roster r.doc --catalogue catalogue.yaml t.doc &&
        "$authority" publish --dir pub r.doc catalogue.yaml t.doc
}

# write_settings ID LISTEN [LINE...]
write_settings() {
    {
        printf 'dir: %s\nca: leader/ca.crt\ncertificate: %s/tls.crt\n' "$1" "$1"
        printf 'roots: [leader/root.yaml, helper/root.yaml]\nlisten: "%s"\nport_file: %s.port\npoll: 100ms\n' "$2" "$1"
        printf 'log_format: json\n'
        printf '%s\n' "${@:3}"
    } >"$1.yaml"
}

# ---- settings that cannot be
write_settings top-h 127.0.0.1:0 "listn: x"
refuses "an unknown setting" YAML_UNKNOWN_KEY "$coordinator" run --settings top-h.yaml
grep -q 'top-h.yaml:9' out.txt || fail "the unknown setting's line is not named"
write_settings top-h 127.0.0.1
refuses "an address without a port" YAML_BAD_VALUE "$coordinator" run --settings top-h.yaml
write_settings top-h 0.0.0.0:0
refuses "all addresses and none advertised" YAML_MISSING_KEY "$coordinator" run --settings top-h.yaml
write_settings top-h 127.0.0.1:0 'peers: ["top-l top-l.weft.test"]'
refuses "half a peer" YAML_BAD_VALUE "$coordinator" run --settings top-h.yaml
refuses "no settings file" FILE_READ "$coordinator" run --settings nothing.yaml
write_settings top-h 127.0.0.1:0
sed -i 's|^roots:.*|roots: [leader/root.yaml]|' top-h.yaml
refuses "roots of one side alone" YAML_BAD_VALUE "$coordinator" run --settings top-h.yaml
sed -i 's|^roots:.*|roots: [leader/root.yaml, nowhere.yaml]|' top-h.yaml
refuses "a root file that is missing" FILE_READ "$coordinator" run --settings top-h.yaml
write_settings top-h 127.0.0.1:0
mv top-h/tls.crt away.crt
refuses "no certificate" FILE_READ "$coordinator" run --settings top-h.yaml
cp top-l/tls.crt top-h/tls.crt
refuses "another's certificate" CERTIFICATE "$coordinator" run --settings top-h.yaml
mv away.crt top-h/tls.crt
sed -i 's|^ca:.*|ca: foreign/ca.crt|' top-h.yaml
refuses "a certificate of another authority" CERTIFICATE "$coordinator" run --settings top-h.yaml
write_settings top-h 127.0.0.1:0
cp top-h/tls.crt kept.crt
openssl req -new -key top-h/tls.key -subj /CN=top-h -addext "subjectAltName=DNS:top-h.weft.test" -out ended.csr
openssl x509 -req -in ended.csr -CA leader/ca.crt -CAkey leader/ca.key -set_serial 7 -copy_extensions copy -days -1 \
    -out top-h/tls.crt 2>out.txt || fail "no expired certificate: $(cat out.txt)"
refuses "a certificate that has ended" CERTIFICATE "$coordinator" run --settings top-h.yaml
mv kept.crt top-h/tls.crt
chmod 644 top-h/sign.key
refuses "a key that others can read" SECRET_PERMISSIONS "$coordinator" run --settings top-h.yaml
chmod 600 top-h/sign.key
[ ! -e top-h/store ] || fail "a refused start made a store"

# ---- before the first run
passes "status without a store" "$coordinator" status --settings top-h.yaml
grep -q "no store yet" out.txt || fail "status does not say that there is no store"
passes "status without a store, JSON" "$coordinator" status --settings top-h.yaml --json
jq -e '.tasks == [] and .certificate.days_left > 300' out.txt >/dev/null || fail "JSON status without a store"
refuses "totals without a store" STORE_OPEN "$coordinator" totals --settings top-h.yaml

passes "check before the first run" "$coordinator" check --settings top-h.yaml --json
jq -e '[.checks[].level] | index("fail") == null' out.txt >/dev/null || fail "check before the first run: $(cat out.txt)"

# ---- running
start() {
    "$coordinator" run --settings $1.yaml 2>>$1.log &
    pids[$1]=$!
}
port() { cat $1.port; }
start top-h
until_holds 10 "top-h serves" test -s top-h.port
passes "check beside the daemon" "$coordinator" check --settings top-h.yaml --json
jq -e '[.checks[] | select(.check == "clock" or .check == "tls") | .level] == ["ok", "ok"]' out.txt >/dev/null ||
    fail "check beside the daemon: $(cat out.txt)"
sed 's|^port_file:.*|advertise: "127.0.0.1:1"|' top-h.yaml >wrong.yaml
refuses "check of an advertised address that leads nowhere" CHECK_FAILED "$coordinator" check --settings wrong.yaml
grep -q "^FAIL  connection" out.txt || fail "check does not tell where it ends: $(cat out.txt)"
passes "status on an empty store" "$coordinator" status --settings top-h.yaml
grep -q "no task yet" out.txt || fail "status does not say that there is no task"
refuses "totals on an empty store" TASK_UNKNOWN "$coordinator" totals --settings top-h.yaml
sed 's|^port_file:.*|port_file: second.port|' top-h.yaml >second.yaml
refuses "a second program on the same store" STORE_LOCKED "$coordinator" run --settings second.yaml
[ ! -e second.port ] || fail "a second program on the same store served"
write_settings top-l "127.0.0.1:$(port top-h)" "publication: pub"
refuses "a port that is taken" PORT_TAKEN "$coordinator" run --settings top-l.yaml

passes "publish" make_task
write_settings city-h 127.0.0.1:0
start city-h
until_holds 10 "city-h serves" test -s city-h.port
write_settings top-l 127.0.0.1:0 "publication: pub" "peers: [\"top-h top-h.weft.test 127.0.0.1:$(port top-h)\"]"
start top-l
until_holds 10 "top-l serves" test -s top-l.port
write_settings city-l 127.0.0.1:0 "parent: top-l" "peers:" "  - \"top-l top-l.weft.test 127.0.0.1:$(port top-l)\"" \
    "  - \"city-h city-h.weft.test 127.0.0.1:$(port city-h)\""
start city-l
has_task() { "$coordinator" status --settings $1.yaml --json | jq -e '.tasks | length == 1'; }
for c in top-l top-h city-l city-h; do until_holds 15 "$c has the task" has_task $c; done
passes "status of a task" "$coordinator" status --settings city-l.yaml
grep -q "3 of 3 reports: Hospital h1 (h1)" out.txt || fail "status does not name the sites that are missing: $(cat out.txt)"
passes "status in Chinese" "$coordinator" status --settings city-l.yaml --lang zh
grep -q "医院h1" out.txt || fail "no Chinese names in the status"
passes "totals before the end" "$coordinator" totals --settings top-l.yaml --json early.json
jq -e '[.totals[].state] == ["pending", "pending"] and [.totals[].value] == [null, null]' early.json >/dev/null ||
    fail "totals are not pending: $(cat early.json)"
refuses "a task that is none" TASK_UNKNOWN "$coordinator" totals --settings top-l.yaml --task ffff

# ---- killed at any point, it comes back on its port and goes on
for c in city-l top-l top-h city-h city-l; do
    before=$(port $c)
    kill -9 ${pids[$c]}
    wait ${pids[$c]} 2>/dev/null || true
    start $c
    sleep 0.3
    [ "$(port $c)" = "$before" ] || fail "$c came back on another port"
done
phase() { "$coordinator" status --settings $1.yaml --json | jq -e --arg phase $2 '.tasks[0].phase == $phase'; }
for c in top-l top-h city-l city-h; do until_holds 60 "$c sees the end" phase $c released; done
passes "totals at the end" "$coordinator" totals --settings city-h.yaml --json end.json
jq -e '[.totals[].state] == ["not_reported", "not_reported"] and .totals[0].sites_expected == 3 and .totals[0].sites == 0
       and .totals[0].numerator == null and .totals[1].reason == "no_reports"' end.json >/dev/null ||
    fail "totals at the end: $(cat end.json)"
grep -q "mortality in intensive care" out.txt || fail "the table has no names from the catalogue: $(cat out.txt)"
passes "totals in Chinese" "$coordinator" totals --settings top-l.yaml --lang zh
grep -q "未上报" out.txt || fail "no Chinese state"
passes "the collector's view" "$coordinator" totals --settings top-l.yaml --collector-view --json own.json
[ "$(stat -c %a own.json)" = 600 ] || fail "the collector's view is open to others"
passes "JSON alone" "$coordinator" totals --settings top-l.yaml --json=-
jq -e .task.id out.txt >/dev/null || fail "standard output is not JSON alone"

# ---- stopping
for c in top-l top-h city-l city-h; do
    began=$SECONDS
    kill -TERM ${pids[$c]}
    status=0
    wait ${pids[$c]} || status=$?
    [ $status = 0 ] || fail "$c ends with $status"
    [ $((SECONDS - began)) -le 12 ] || fail "$c takes $((SECONDS - began)) s to stop"
    grep -q '"event":"stopped"' $c.log || fail "$c does not say that it stopped"
    unset "pids[$c]"
    if grep -hE '"level":"error"|runtime error|AddressSanitizer' $c.log >errors.txt; then
        fail "errors in the log of $c"
        head -5 errors.txt
    fi
    jq -e . $c.log >/dev/null || fail "the log of $c is not JSON"
done

[ $failures = 0 ] && echo "all held"
exit $((failures > 0))
