#!/bin/bash
# Joining with real programs: a province's pair is set up offline; a city's leader and helper, and then a hospital, join by
# one-time tokens, are interrupted on the way, take part, and one is shut out again, all while the coordinators run.
#   test_join.sh WEFT_COORDINATOR WEFT_AUTHORITY WEFT_NODE
set -eu
export WEFT_LANG=en LC_ALL=C.UTF-8
coordinator=$1
authority=$2
node=$3
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/system/checks.sh
. "$here/checks.sh"
workplace

# start ID SETTINGS
start() {
    "$coordinator" run --settings "$2" >>"$1.log" 2>&1 &
    pids[$1]=$!
}

print_fingerprint() { sed -n 's/^ *fingerprint:* //p' "$1" | head -1; }

# ---- a province's pair, offline
sides() { "$authority" sign --dir leader "$1" && "$authority" sign --dir helper "$1" && "$authority" publish --dir pub "$1"; }
{
    "$authority" init --side leader --name commission --dir leader
    "$authority" init --side helper --name university --dir helper
    "$authority" new-roster --dir leader --root helper/root.yaml --context "weft demo v1" --expires 2099-01-01 --roster r1.doc
    "$authority" add-operator --roster r1.doc --id health --side leader --body Health --name-zh 卫健委 --name-en Health
    "$authority" add-operator --roster r1.doc --id uni --side helper --body University --name-zh 大学 --name-en University
    "$coordinator" init --dir top-l --id top-l --tls-name top-l.weft.test --area 330000
    "$coordinator" init --dir top-h --id top-h --tls-name top-h.weft.test
    "$authority" add-coordinator --dir leader --roster r1.doc --operator health --cert-out top-l/tls.crt top-l/join.yaml
    "$authority" add-coordinator --dir leader --roster r1.doc --operator uni --cert-out top-h/tls.crt top-h/join.yaml
    "$authority" issue-ca --dir leader --permit top-l.weft.test --permit top-h.weft.test --cert-out top-l/issuer.crt \
        top-l/join.yaml
    "$authority" add-area --roster r1.doc --code 330000 --tier province --leader-join top-l/join.yaml --helper top-h \
        --name-zh 浙江省 --name-en Zhejiang
    sides r1.doc
} >ceremony.txt 2>&1 || { fail "ceremony"; cat ceremony.txt; }
refuses "an issuing certificate for a helper" USAGE "$authority" issue-ca --dir leader --cert-out x.crt top-h/join.yaml

# write_settings ID [LINE...]: of those that were set up offline
write_settings() {
    cp leader/ca.crt "$1/ca.crt"
    {
        printf 'dir: %s\nca: %s/ca.crt\ncertificate: %s/tls.crt\n' "$1" "$1" "$1"
        printf 'roots: [leader/root.yaml, helper/root.yaml]\nlisten: "127.0.0.1:0"\nport_file: %s/port\n' "$1"
        printf 'poll: 100ms\nlog_format: json\n'
        printf '%s\n' "${@:2}"
    } >"$1.yaml"
}
write_settings top-h
start top-h top-h.yaml
until_holds 30 "the province's helper serves" test -s top-h/port
write_settings top-l "publication: pub" "issuer: top-l/issuer.crt" \
    "peers: [\"top-h top-h.weft.test 127.0.0.1:$(cat top-h/port)\"]"
start top-l top-l.yaml
until_holds 30 "the province's leader serves" test -s top-l/port

# ---- a city's leader: invited, interrupted, compared, admitted
until_holds 30 "invite the city's leader" "$coordinator" invite --settings top-l.yaml --coordinator --out city-l.token city-l
[ "$(stat -c %a city-l.token)" = 600 ] || fail "others can read the token"
[ "$(wc -l <city-l.token)" = 1 ] || fail "the token is not one line"
refuses "a site's program with a coordinator's token" JOIN_TOKEN "$node" join city-l.token city-x
[ ! -e city-x ] || fail "a refused join left a directory"
refuses "admit who has not asked" JOIN_UNKNOWN "$coordinator" admit --settings top-l.yaml city-l 1234
"$coordinator" join city-l.token city-l --area 330300 >join.txt 2>&1 &
until_holds 20 "the newcomer waits" sh -c "'$coordinator' joins --settings top-l.yaml | grep -q 'WAITS FOR YOU'"
kill -9 $!
wait $! 2>/dev/null || true
"$coordinator" joins --settings top-l.yaml >joins.txt
fingerprint=$(print_fingerprint joins.txt)
[ -n "$fingerprint" ] && [ "$fingerprint" = "$(print_fingerprint join.txt)" ] || fail "the two sides show other fingerprints"
refuses "another's keys with the same token" JOIN_USED "$coordinator" join city-l.token thief --area 330300 --wait 0
refuses "a wrong fingerprint" JOIN_FINGERPRINT "$coordinator" admit --settings top-l.yaml city-l "${fingerprint%?}x"
refuses "to join before being admitted" JOIN_WAITING "$coordinator" join city-l.token city-l --wait 0
passes "admit" "$coordinator" admit --settings top-l.yaml city-l "$fingerprint"
passes "join after an interruption" "$coordinator" join city-l.token city-l --wait 0
passes "join once more" "$coordinator" join city-l.token city-l --wait 0
[ ! -e city-l/join.key ] || fail "the one-time key was kept"
cmp -s city-l.join.yaml city-l/join.yaml || fail "the authority's join file is another one"
grep -c BEGIN city-l/tls.crt >out.txt
[ "$(cat out.txt)" = 2 ] || fail "the certificate comes without its issuer"

# ---- its helper
passes "invite the helper" "$coordinator" invite --settings top-l.yaml --coordinator --out city-h.token city-h
"$coordinator" join city-h.token city-h >helper.txt 2>&1 &
joining=$!
until_holds 20 "the helper shows its fingerprint" grep -q '^fingerprint' helper.txt
until_holds 20 "admit the helper" "$coordinator" admit --settings top-l.yaml city-h "$(print_fingerprint helper.txt)"
wait $joining || { fail "the helper did not join while it waited"; cat helper.txt; }

# ---- the next roster names both; nobody else gets a new certificate
sum_before=$(cat top-l/tls.crt top-h/tls.crt | sha256sum)
{
    "$authority" new-roster --dir leader --root helper/root.yaml --from r1.doc --expires 2099-01-01 --roster r2.doc
    "$authority" add-coordinator --roster r2.doc --operator health city-l.join.yaml
    "$authority" add-coordinator --roster r2.doc --operator uni city-h.join.yaml
    "$authority" add-area --roster r2.doc --code 330300 --parent 330000 --tier city --leader-join city-l.join.yaml \
        --helper city-h --name-zh 温州市 --name-en Wenzhou
    "$authority" issue-ca --dir leader --cert-out city-l/issuer.crt city-l.join.yaml
    sides r2.doc
} >ceremony.txt 2>&1 || { fail "second ceremony"; cat ceremony.txt; }
sed -i "s/^listen:.*/listen: \"127.0.0.1:0\"/; /^advertise:/d" city-h/settings.yaml city-l/settings.yaml
printf 'poll: 100ms\nlog_format: json\n' | tee -a city-h/settings.yaml >>city-l/settings.yaml
start city-h city-h/settings.yaml
until_holds 30 "the city's helper serves" test -s city-h/port
sed -i "s/^#issuer:.*/issuer: issuer.crt/
    s/^#  - .*/  - \"city-h city-h.top-l.weft.test 127.0.0.1:$(cat city-h/port)\"/" city-l/settings.yaml
start city-l city-l/settings.yaml
until_holds 30 "the city's leader serves" test -s city-l/port

# helpers ask the leader of their area for certificates, and learn here where it is, since there is no task yet
know_leader() { # HELPER LEADER SETTINGS
    kill -TERM "${pids[$1]}"
    wait "${pids[$1]}" || fail "$1 ended badly"
    sed -i "s/^listen:.*/listen: \"127.0.0.1:$(cat "$1/port")\"/; /^peers:/d; /^  - /d" "$3"
    echo "peers: [\"$2 127.0.0.1:$(cat "${2%% *}/port")\"]" >>"$3"
    start "$1" "$3"
}
know_leader top-h "top-l top-l.weft.test" top-h.yaml
know_leader city-h "city-l city-l.top-l.weft.test" city-h/settings.yaml

# ---- a hospital of the city
until_holds 30 "invite a hospital" "$coordinator" invite --settings city-l/settings.yaml --out h1.token h1
"$node" join h1.token h1 >hospital.txt 2>&1 &
joining=$!
until_holds 20 "the hospital shows its fingerprint" grep -q '^fingerprint' hospital.txt
until_holds 20 "admit the hospital" "$coordinator" admit --settings city-l/settings.yaml h1 $(print_fingerprint hospital.txt)
wait $joining || { fail "the hospital did not join while it waited"; cat hospital.txt; }
grep -q '"kind":"join"' h1/egress.log || fail "what left at joining is not in the egress log"
refuses "a certificate alone" PEER_UNKNOWN "$node" run --settings h1/settings.yaml --once
{
    "$authority" new-roster --dir leader --root helper/root.yaml --from r2.doc --expires 2099-01-01 --roster r3.doc
    "$authority" add-site --roster r3.doc --area 330300 --owner owner-1 --name-zh 医院一 --name-en "Hospital 1" h1.join.yaml
    sides r3.doc
} >ceremony.txt 2>&1 || { fail "third ceremony"; cat ceremony.txt; }
until_holds 30 "the hospital takes part" "$node" run --settings h1/settings.yaml --once
[ "$sum_before" = "$(cat top-l/tls.crt top-h/tls.crt | sha256sum)" ] || fail "adding parties changed others' certificates"
refuses "an id that the roster knows with other keys" JOIN_CONFLICT sh -c "
    '$coordinator' invite --settings city-l/settings.yaml --out again.token h1 &&
    { '$node' join again.token h1-again --wait 0 >hospital.txt 2>&1 || true; } &&
    '$coordinator' admit --settings city-l/settings.yaml h1 \$(sed -n 's/^fingerprint: //p' hospital.txt)"

# ---- another TLS authority: everyone renews over the link, and again at half of a short life
kill -TERM "${pids[city-l]}"
wait "${pids[city-l]}" || fail "the city's leader ended badly"
echo "certificate_life: 30s" >>city-l/settings.yaml
start city-l city-l/settings.yaml
echo "poll: 200ms" >>h1/settings.yaml
"$node" run --settings h1/settings.yaml >h1.log 2>&1 &
pids[h1]=$!
{
    "$authority" new-ca --name second --dir ca2 --after leader
    "$authority" new-roster --dir leader --root helper/root.yaml --from r3.doc --expires 2099-01-01 \
        --tls-authority ca2/ca.crt --tls-authority leader/ca.crt --roster r4.doc
    "$authority" issue-ca --dir ca2 --permit top-l.weft.test --permit top-h.weft.test --cert-out top-l/issuer.crt \
        top-l/join.yaml
    "$authority" issue-ca --dir ca2 --permit city-l.top-l.weft.test --permit city-h.top-l.weft.test \
        --cert-out city-l/issuer.crt city-l.join.yaml
    sides r4.doc
} >ceremony.txt 2>&1 || { fail "fourth ceremony"; cat ceremony.txt; }
renewed() {
    for party in top-l top-h city-l city-h h1; do
        openssl verify -CAfile ca2/ca.crt -untrusted $party/tls.crt $party/tls.crt || return 1
    done
}
until_holds 90 "all have certificates under the new authority" renewed
held=$(sha256sum <h1/tls.crt)
again() { [ "$(sha256sum <h1/tls.crt)" != "$held" ]; }
until_holds 60 "the hospital's certificate is renewed at half of its life" again
grep -q '"kind":"certificate"' h1/egress.log || fail "requests for certificates are not in the egress log"
{
    "$authority" new-roster --dir leader --root helper/root.yaml --from r4.doc --expires 2099-01-01 \
        --tls-authority ca2/ca.crt --roster r5.doc
    sides r5.doc
} >ceremony.txt 2>&1 || { fail "fifth ceremony"; cat ceremony.txt; }
dropped() {
    for party in top-l top-h city-l city-h h1; do cmp -s $party/ca.crt ca2/ca.crt || return 1; done
}
until_holds 90 "the old authority is trusted no more" dropped
passes "the hospital goes on" "$node" run --settings h1/settings.yaml --once
passes "status as JSON" "$coordinator" status --settings city-l/settings.yaml --json
grep -q '"what": *"issuer"' out.txt || fail "status does not say when the issuing certificate ends"
"$node" status --settings h1/settings.yaml | grep -q "WARNING: this party's certificate ends in 0 days" ||
    fail "status does not warn of a certificate that ends soon"

# ---- shut out, while the hospital's connection and the leader's process go on
{
    "$authority" new-roster --dir leader --root helper/root.yaml --from r5.doc --expires 2099-01-01 --roster r6.doc
    "$authority" revoke --roster r6.doc --reason test h1.city-l.top-l.weft.test
    sides r6.doc
} >ceremony.txt 2>&1 || { fail "sixth ceremony"; cat ceremony.txt; }
revoked() { ! "$node" run --settings h1/settings.yaml --once && grep -q PEER_REVOKED out.txt; }
until_holds 30 "a revoked hospital is refused" revoked

for c in city-l city-h top-l top-h; do
    kill -TERM "${pids[$c]}"
    wait "${pids[$c]}" || fail "$c ended badly"
    unset "pids[$c]"
done
[ $failures -eq 0 ] || { tail -n 5 ./*.log; exit 1; }
echo "all of it holds"
