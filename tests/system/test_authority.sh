#!/bin/bash
# The whole ceremony of the authority, two sides in one temporary directory, with what must be refused.
#   test_authority.sh WEFT_AUTHORITY MAKE_IDENTITY
set -eu
export WEFT_LANG=en LC_ALL=C.UTF-8
authority=$1
identity=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# shellcheck source=tests/system/checks.sh
. "$here/checks.sh"

# flip FILE TEXT OTHER: replace bytes by as many others
flip() {
    [ ${#2} = ${#3} ] || exit 9
    LC_ALL=C grep -q "$2" "$1" || fail "flip: no $2 in $1"
    LC_ALL=C sed -i "s|$2|$3|" "$1"
}

leader_side() { "$authority" "$1" --dir leader "${@:2}"; }
operator() {
    "$authority" add-operator --roster "$1" --id "$2" --side "$3" --body "$4" --name-zh "$2" --name-en "$2"
}
coordinator() {
    leader_side add-coordinator --roster "$1" --operator "$2" --cert-out "$3/tls.crt" "$3/join.yaml"
}
area() { # ROSTER CODE PARENT-OPTION TIER LEADER HELPER
    "$authority" add-area --roster "$1" --code "$2" $3 --tier "$4" --leader-join "$5/join.yaml" --helper "$6" \
        --name-zh "地区$2" --name-en "Area $2"
}
site() { # ROSTER ID AREA OWNER [OPTION...]
    leader_side add-site --roster "$1" --area "$3" --owner "$4" --name-zh "医院$2" --name-en "Hospital $2" \
        --class grade:tertiary --class kind:general --cert-out "$2/tls.crt" "${@:5}" "$2/join.yaml"
}

# ---- both sides set up
passes "leader init" "$authority" init --side leader --name commission --dir leader
passes "helper init" "$authority" init --side helper --name university --dir helper
[ "$(stat -c %a leader/root.key leader/ca.key helper/root.key | sort -u)" = 600 ] || fail "secrets are not 0600"
[ ! -e helper/ca.key ] || fail "the helper side has a TLS authority"
cp -r leader leader.before
refuses "double init" ALREADY_INITIALISED "$authority" init --side leader --name commission --dir leader
diff -r leader leader.before || fail "double init changed something"
refuses "a third side" USAGE "$authority" init --side both --name x --dir x
[ ! -e x ] || fail "a refused init left a directory"

# ---- parties
for c in top-l city-l; do passes "join $c" "$identity" $c coordinator $c $c.weft.test 330000 330300 330302; done
for c in top-h city-h; do passes "join $c" "$identity" $c coordinator $c $c.weft.test; done
for s in h1 h2 h3 h4; do passes "join $s" "$identity" $s site $s $s.weft.test; done
refuses "a second init of a site" ALREADY_INITIALISED "$identity" h1 site h1 h1.weft.test
passes "show a join file" "$authority" show h1/join.yaml
grep -q "$(sed -n 's/^fingerprint: "\(.*\)"/\1/p' h1/join.yaml)" out.txt || fail "show gives another fingerprint"

# ---- the roster's draft
new() { leader_side new-roster --root helper/root.yaml --context "weft demo v1" --expires 2099-01-01 --roster "$1"; }
passes "new-roster" new r.doc
refuses "a draft over another file" FILE_EXISTS new r.doc
refuses "a roster with one side's roots" ROSTER_UNSOUND "$authority" new-roster --dir leader --root leader/root.yaml \
    --context "weft demo v1" --expires 2099-01-01 --roster one.doc
refuses "an unknown context" USAGE "$authority" new-roster --dir leader --root helper/root.yaml \
    --context "weft v9" --expires 2099-01-01 --roster one.doc
refuses "a date that is none" BAD_TIME "$authority" new-roster --dir leader --root helper/root.yaml \
    --context "weft demo v1" --expires soon --roster one.doc
grep -q "field expires" out.txt || fail "the wrong date's option is not named"
refuses "a roster that has expired" USAGE "$authority" new-roster --dir leader --root helper/root.yaml \
    --context "weft demo v1" --expires 2001-01-01 --roster one.doc
passes "operator l" operator r.doc health leader "Health Commission"
passes "operator h" operator r.doc uni helper "University"
refuses "an operator twice" ROSTER_UNSOUND operator r.doc uni helper "University"
refuses "an operator of a body on the other side" ROSTER_BOTH_SIDES operator r.doc lab helper "Health Commission"
refuses "a coordinator of an unknown operator" ROSTER_UNSOUND coordinator r.doc nobody top-l
passes "coordinator top-l" coordinator r.doc health top-l
passes "coordinator city-l" coordinator r.doc health city-l
passes "coordinator top-h" coordinator r.doc uni top-h
passes "coordinator city-h" coordinator r.doc uni city-h
refuses "a coordinator twice" ROSTER_UNSOUND coordinator r.doc health top-l
refuses "a site's file as a coordinator's" USAGE coordinator r.doc health h1
refuses "an area before its parent" ROSTER_UNSOUND area r.doc 330302 "--parent 330300" county city-l city-h
passes "area province" area r.doc 330000 "" province top-l top-h
passes "area city" area r.doc 330300 "--parent 330000" city city-l city-h
passes "area county" area r.doc 330302 "--parent 330300" county city-l city-h
refuses "an unknown tier" USAGE area r.doc 330300 "--parent 330000" village city-l city-h
refuses "an area without its collector key" ROSTER_UNSOUND area r.doc 330399 "--parent 330300" county city-l city-h
passes "site h1" site r.doc h1 330302 group-a --supervisor 330300 --beds 900
passes "site h2" site r.doc h2 330302 group-b --beds 100
passes "site h3" site r.doc h3 330302 group-c --beds 200
cp h1/tls.crt kept.crt
refuses "a certificate over another's" FILE_EXISTS leader_side add-site --roster r.doc --area 330302 --owner group-d \
    --name-zh x --name-en x --cert-out h1/tls.crt h4/join.yaml
cmp -s h1/tls.crt kept.crt || fail "a refused site changed another's certificate"
refuses "a site in no area" ROSTER_UNSOUND site r.doc h4 999999 group-d
refuses "a site twice" ROSTER_UNSOUND site r.doc h1 330302 group-a
openssl verify -CAfile leader/ca.crt h1/tls.crt >/dev/null || fail "the site's certificate does not verify"
openssl x509 -in h1/tls.crt -noout -ext subjectAltName | grep -q h1.weft.test || fail "no DNS name in the certificate"

# A join file changed on its way shows by its fingerprint.
sed 's/tls_name: "h4/tls_name: "hx/' h4/join.yaml >changed.yaml
refuses "a changed join file" YAML_BAD_VALUE "$authority" show changed.yaml

# ---- signing
cp r.doc both.doc
passes "an operator on the other side" operator both.doc lab helper "Health Commissiom"
flip both.doc "Health Commissiom" "Health Commission"
refuses "one body on both sides" ROSTER_BOTH_SIDES leader_side sign both.doc
passes "leader signs" leader_side sign r.doc
grep -q "3 sites" out.txt || fail "the summary does not count the sites"
grep -q "body University" out.txt || fail "the summary does not name the bodies"
refuses "leader signs twice" DOCUMENT_SIGNED leader_side sign r.doc
refuses "a change after signing" DOCUMENT_SIGNED site r.doc h4 330302 group-d
refuses "publishing with one signature" ROSTER_SIGNATURE "$authority" publish --dir pub r.doc
[ ! -e pub ] || fail "a refused publish left a directory"
cp r.doc altered.doc
flip altered.doc "Hospital h1" "Hospital hX"
refuses "a byte changed after signing" ROSTER_SIGNATURE "$authority" sign --dir helper altered.doc
passes "stranger init" "$authority" init --side helper --name university --dir stranger
refuses "a root of the right name and another key" ROSTER_UNSOUND "$authority" sign --dir stranger r.doc
chmod 644 stranger/root.key
refuses "a root key that others can read" SECRET_PERMISSIONS "$authority" sign --dir stranger r.doc
cp r.doc half.doc
passes "helper signs" "$authority" sign --dir helper r.doc
cp r.doc altered.doc
flip altered.doc "Hospital h1" "Hospital hX"
refuses "publishing a changed roster" ROSTER_SIGNATURE "$authority" publish --dir pub altered.doc

# ---- the task
cat >catalogue.yaml <<'YAML'
catalogue: 1
id: test
version: "1"
name: {en: Test, zh: 测试}
populations:
  stays: {name: {en: stays, zh: 住科}, table: icu_stay}
indicators:
  - id: mortality
    name: {en: mortality, zh: 死亡率}
    kind: proportion
    population: stays
    numerator: outcome = "dead"
    bounds: {numerator: 250, complement: 250, missing: 250}
    unit: "%"
    direction: lower
    source: test
YAML
settings() {
    printf 'name: Test\nperiod: "2014"\nclose: +2h\nmin_sites: 3\nmin_cell: 5\n%s\n' "$*" >task.yaml
}
draft() { "$authority" task --settings task.yaml --catalogue catalogue.yaml --roster r.doc --out "$1"; }
settings "min_celll: 7"
refuses "an unknown setting" YAML_UNKNOWN_KEY draft t.doc
printf 'name: T\nperiod: "2014"\nclose: +2h\nmin_sites: 2\n' >task.yaml
refuses "min_sites below the floor" TASK_FLOOR draft t.doc
printf 'name: T\nperiod: "2014"\nclose: +2h\nmin_cell: 2\n' >task.yaml
refuses "min_cell below the floor" TASK_FLOOR draft t.doc
settings "release_areas: [\"999999\"]"
refuses "an unknown release area" TASK_UNSOUND draft t.doc
printf 'name: T\nperiod: "2014"\ndue: "2090-01-02"\nclose: "2090-01-01"\n' >task.yaml
refuses "a due time after the close" TASK_UNSOUND draft t.doc
settings "open: 2020-01-01
order: 2019-01-01"
refuses "an order before the close" TASK_UNSOUND draft t.doc
settings "plan: +2w"
refuses "an unknown unit of time" BAD_TIME draft t.doc
[ ! -e t.doc ] || fail "a refused draft was written"
settings "breakdown: colour"
refuses "a breakdown by a class that nobody has" TASK_UNSOUND draft t.doc
settings "breakdown: grade"
passes "a breakdown by grade" draft classes.doc
grep -q "breakdown: grade" out.txt || fail "the breakdown is not shown"
grep -q "in the block of 330302, owner group-a has 75 % of the beds" out.txt || fail "no warning of a dominant owner"
printf 'name: T\nperiod: "2014"\n' >task.yaml
refuses "default deadlines of a period long ago" BAD_TIME draft t.doc
printf 'name: T\nperiod: "2090Q1"\nmin_sites: 3\nmin_cell: 5\nretention: "2091-01-01"\nfallback: +1d\n' >task.yaml
passes "a task with default deadlines" draft quarter.doc
for at in "open: 2090-04-01" "due: 2090-04-16" "close: 2090-04-21" "order: 2090-04-24"; do
    grep -q "  ${at}T00:00:00.000+08:00" out.txt || fail "the draft does not show $at"
done
settings "zone: Asia/Shanghai"
refuses "a task on a roster of one signature" ROSTER_SIGNATURE \
    "$authority" task --settings task.yaml --catalogue catalogue.yaml --roster half.doc --out t.doc
passes "task" draft t.doc
grep -q "3 areas" out.txt || fail "the release plan is not the whole roster"
sign_task() { "$authority" sign --dir "$1" --roster r.doc --catalogue "${3:-catalogue.yaml}" "$2"; }
refuses "signing a task unchecked" USAGE leader_side sign t.doc
sed 's/missing: 250}/missing: 251}/' catalogue.yaml >other.yaml
refuses "another catalogue" CATALOGUE_DIGEST sign_task leader t.doc other.yaml
passes "leader signs the task" sign_task leader t.doc
refuses "publishing a half-signed task" TASK_SIGNATURE "$authority" publish --dir pub r.doc catalogue.yaml t.doc
cp t.doc altered.doc
flip altered.doc Asia/Shanghai Asia/Shanghaj
refuses "a task changed after signing" TASK_SIGNATURE sign_task helper altered.doc
passes "helper signs the task" sign_task helper t.doc
refuses "a task without its catalogue" CATALOGUE_DIGEST "$authority" publish --dir pub r.doc t.doc
refuses "a task without its roster" TASK_ROSTER_MISMATCH "$authority" publish --dir pub catalogue.yaml t.doc
[ ! -e pub ] || fail "a refused publish left a directory"
passes "publish" "$authority" publish --dir pub r.doc catalogue.yaml t.doc
[ "$(ls pub/*.doc | wc -l)" = 3 ] || fail "not three documents published"
cmp r.doc pub/roster-1.doc || fail "the roster was not passed on byte for byte"
passes "publish again" "$authority" publish --dir pub r.doc catalogue.yaml t.doc
[ "$(ls pub | wc -l)" = 3 ] || fail "publishing again added something"
for d in pub/*.doc; do passes "show $d" "$authority" show --full "$d"; done

# ---- a revision has neither grace nor fallback and goes on as its task did
passes "leader signs the quarter" sign_task leader quarter.doc
passes "helper signs the quarter" sign_task helper quarter.doc
passes "revise" "$authority" revise --task quarter.doc --roster r.doc --for +2d --out revised.doc
grep -q "  close: 2090-04-30T00:00:00.000+08:00" out.txt || fail "the revision does not follow its task"
! grep -qE "  (due|fallback):" out.txt || fail "the revision has the grace or the fallback of its task"

# ---- a second task over the same time could be subtracted from the first
settings
passes "a draft of the same period" draft t2.doc
beside() { "$authority" task --settings task.yaml --catalogue catalogue.yaml --roster r.doc --published pub --out "$1"; }
refuses "a draft beside what is published" TASK_OVERLAPS beside t3.doc
[ ! -e t3.doc ] || fail "a refused draft was written"
passes "leader signs the second" sign_task leader t2.doc
passes "helper signs the second" sign_task helper t2.doc
refuses "two tasks over the same time" TASK_OVERLAPS "$authority" publish --dir pub t2.doc
refuses "two tasks at once" TASK_OVERLAPS "$authority" publish --dir both r.doc catalogue.yaml t.doc t2.doc

# ---- a longer period is the sum of shorter ones
half() { # HALF OUT [OPTION...]
    printf 'name: Test %s\nperiod: "%s"\nclose: +2h\norder: +3d\nmin_sites: 3\nmin_cell: 5\nretention: %s\n' \
        "$1" "$1" "${kept:-2098-01-01}" >half.yaml
    "$authority" task --settings half.yaml --catalogue catalogue.yaml --roster r.doc --out "$2" "${@:3}"
}
for h in 1 2; do
    passes "half $h" half 2015H$h h$h.doc
    passes "leader signs half $h" sign_task leader h$h.doc
    passes "helper signs half $h" sign_task helper h$h.doc
done
refuses "a year of one half" TASK_PARTS half 2015 y.doc --sum-of h1.doc
refuses "another year" TASK_PARTS half 2016 y.doc --sum-of h1.doc --sum-of h2.doc
passes "a year of two halves" half 2015 y.doc --sum-of h2.doc --sum-of h1.doc
passes "show the year" "$authority" show y.doc
[ "$(grep -c "adds up" out.txt)" = 2 ] || fail "the sum does not show its parts"
passes "leader signs the year" sign_task leader y.doc
passes "helper signs the year" sign_task helper y.doc
refuses "a year without its halves" PREDECESSOR_MISSING "$authority" publish --dir sums r.doc catalogue.yaml y.doc
kept=2099-01-01 passes "a year kept longer than its halves" half 2015 long.doc --sum-of h1.doc --sum-of h2.doc
passes "leader signs it" sign_task leader long.doc
passes "helper signs it" sign_task helper long.doc
refuses "publishing it" TASK_PARTS "$authority" publish --dir sums r.doc catalogue.yaml h1.doc h2.doc long.doc
passes "publish the halves and the year" "$authority" publish --dir sums r.doc catalogue.yaml h1.doc h2.doc y.doc

# ---- the end of a task, and the next roster
passes "void" "$authority" void --task t.doc --reason "bound too small" --out v.doc
passes "leader signs the void" leader_side sign --roster r.doc v.doc
refuses "publishing a half-signed void" TASK_SIGNATURE "$authority" publish --dir pub v.doc
passes "helper signs the void" "$authority" sign --dir helper --roster r.doc v.doc
passes "publish the void" "$authority" publish --dir pub v.doc
passes "a draft beside a voided task" beside t3.doc
passes "the second after the void" "$authority" publish --dir pub t2.doc
passes "the next roster" leader_side new-roster --root helper/root.yaml --from r.doc --expires 2099-01-01 --roster r2.doc
passes "site h4" site r2.doc h4 330302 group-d
passes "revoke" "$authority" revoke --roster r2.doc --from 2025-01-01 --reason "its key was stolen" h3.weft.test
refuses "revoking twice" ROSTER_UNSOUND "$authority" revoke --roster r2.doc --reason again h3.weft.test
refuses "revoking a stranger" ROSTER_UNSOUND "$authority" revoke --roster r2.doc --reason x nobody.weft.test
refuses "removing a parent" ROSTER_UNSOUND "$authority" remove-area --roster r2.doc 330300
refuses "removing an operator in use" ROSTER_UNSOUND "$authority" remove-operator --roster r2.doc uni
refuses "removing a coordinator in use" ROSTER_UNSOUND "$authority" remove-coordinator --roster r2.doc city-l
cp r2.doc kept.doc
passes "remove h4" "$authority" remove-site --roster r2.doc h4
refuses "removing h4 twice" ROSTER_UNSOUND "$authority" remove-site --roster r2.doc h4
passes "remove the revocation" "$authority" remove-revocation --roster r2.doc h3.weft.test
mv kept.doc r2.doc
passes "leader signs 2" leader_side sign r2.doc
passes "helper signs 2" "$authority" sign --dir helper r2.doc
passes "publish 2" "$authority" publish --dir pub r2.doc
passes "show 2" "$authority" show pub/roster-2.doc
grep -q "4 sites, 1 revoked" out.txt || fail "version 2 does not hold what was added"
refuses "a document that is none" DOCUMENT_MALFORMED "$authority" show leader/ca.crt
passes "another version 2" leader_side new-roster --root helper/root.yaml --from r.doc --expires 2099-02-01 --roster r2c.doc
passes "leader signs it" leader_side sign r2c.doc
passes "helper signs it" "$authority" sign --dir helper r2c.doc
refuses "two rosters of one version" DOCUMENT_CONFLICT "$authority" publish --dir pub r2c.doc

# ---- a root key rolls over: named beside the old one, then alone
passes "the helper's next root" "$authority" init --side helper --name university-2 --dir helper2
passes "version 3" leader_side new-roster --root helper/root.yaml --root helper2/root.yaml --from r2.doc \
    --expires 2099-01-01 --roster r3.doc
refuses "one root twice" ROSTER_UNSOUND leader_side new-roster --root helper/root.yaml --root helper/root.yaml \
    --from r2.doc --expires 2099-01-01 --roster r3b.doc
passes "leader signs 3" leader_side sign r3.doc
passes "the new root signs 3" "$authority" sign --dir helper2 r3.doc
refuses "version 3 without a root of version 2" ROSTER_SIGNATURE "$authority" publish --dir pub r3.doc
passes "the old root signs 3" "$authority" sign --dir helper r3.doc
passes "publish 3" "$authority" publish --dir pub r3.doc
passes "version 4" leader_side new-roster --root helper2/root.yaml --from r3.doc --expires 2099-01-01 --roster r4.doc
passes "leader signs 4" leader_side sign r4.doc
refuses "a root that is in neither" ROSTER_UNSOUND "$authority" sign --dir helper r4.doc
refuses "another roster as the one before" ROSTER_SUCCESSION "$authority" sign --dir helper --previous r2.doc r4.doc
passes "the new root signs 4" "$authority" sign --dir helper2 r4.doc
passes "publish 4" "$authority" publish --dir pub r4.doc

# ---- areas and hospitals from files: all rows or none, each fault with its place
passes "version 5" leader_side new-roster --root helper2/root.yaml --from r4.doc --expires 2099-01-01 --roster r5.doc
passes "join city-n" "$identity" city-n coordinator city-n city-n.weft.test 330400 330402
passes "coordinator city-n" coordinator r5.doc health city-n
for s in h5 h6 h7; do passes "join $s" "$identity" $s site $s $s.weft.test; done
cp r5.doc before.doc
cat >areas.csv <<'EOF'
code,parent,tier,name_zh,name_en,leader,helper
330400,330000,city,嘉兴市,Jiaxing,city-n,top-h
330402,330400,county,南湖区,Nanhu,city-n,nobody
330499,330498,village,某地,Somewhere,city-n,top-h
EOF
refuses "faulty areas" IMPORT_REJECTED "$authority" import-areas --roster r5.doc --joins . areas.csv
grep -q '^areas.csv:3:[0-9]*: helper "nobody": no such coordinator' out.txt || fail "no place of the unknown helper"
grep -q '^areas.csv:4:[0-9]*: tier "village": province, city' out.txt || fail "no place of the tier"
grep -q '^areas.csv:4:[0-9]*: parent "330498": no such area' out.txt || fail "no place of the parent"
grep -q '3 rows: 1 added, 0 changed, 0 unchanged, 2 rejected' out.txt || fail "the counts of rows do not add up"
cmp before.doc r5.doc || fail "a refused import changed the draft"
sed -i -e 's/nobody/top-h/' -e '/330499/d' areas.csv
passes "areas" "$authority" import-areas --roster r5.doc --joins . areas.csv
passes "areas again" "$authority" import-areas --roster r5.doc --joins . areas.csv
grep -q '2 rows: 0 added, 0 changed, 2 unchanged, 0 rejected' out.txt || fail "the same areas again are not unchanged"
passes "rules of supervision" "$authority" set-supervision --roster r5.doc --keep --rule grade:tertiary=city --rule rest=county
cat >sites.csv <<'EOF'
id,area,owner,classes,beds,name_zh,name_en,supervisor
h5,330402,group-e,grade:tertiary;kind:general,900,五院,Fifth,
h6,330402,group-f,grade:primary,80,六院,Sixth,
h7,330402,group-g,primary,many,七院,Seventh,330300
h5,330402,group-e,,1,五院,Fifth,
EOF
refuses "faulty sites" IMPORT_REJECTED "$authority" import-sites --roster r5.doc --joins . sites.csv
grep -q '^sites.csv:4:[0-9]*: classes "primary": dimension:value' out.txt || fail "no place of the class"
grep -q '^sites.csv:4:[0-9]*: beds "many": a whole number' out.txt || fail "no place of the beds"
grep -q '^sites.csv:4:[0-9]*: supervisor "330300": its own area' out.txt || fail "no place of the supervisor"
grep -q '^sites.csv:5:1: id "h5": stands on an earlier row' out.txt || fail "no place of the double id"
sed -i -e '$d' -e 's/,primary,many/,grade:primary,50/' -e 's/330300$/330400/' sites.csv
passes "sites" "$authority" import-sites --roster r5.doc --joins . sites.csv
grep -q '3 rows: 3 added' out.txt || fail "sites were not added"
"$authority" show --full r5.doc >full.txt
[ "$(grep -c 'supervision:individual' full.txt)" = 4 ] || fail "h2 to h4 and h7 deviate from the rules and say so"
sed -i -e 's/,80,/,90,/' -e 's/group-e/group-x/' sites.csv
refuses "an owner changed without a date" IMPORT_REJECTED "$authority" import-sites --roster r5.doc sites.csv
grep -q 'owner "group-x": differs from the draft' out.txt || fail "a move without a date is not named"
sed -i -e 's/group-x/group-e/' sites.csv
passes "sites again, one with more beds" "$authority" import-sites --roster r5.doc sites.csv
grep -q '3 rows: 0 added, 1 changed, 2 unchanged, 0 rejected' out.txt || fail "one site changed"
refuses "a misspelt column" IMPORT_UNKNOWN_COLUMN "$authority" import-sites --roster r5.doc areas.csv

# ---- changes from a date on
passes "move h6" "$authority" move-site --roster r5.doc --from 2025-07-01 --area 330302 h6
refuses "moving h6 back in time" ROSTER_UNSOUND "$authority" move-site --roster r5.doc --from 2025-01-01 --area 330402 h6
passes "close h7" "$authority" close-site --roster r5.doc --from 2025-07-01 h7
refuses "closing h7 twice" ROSTER_UNSOUND "$authority" close-site --roster r5.doc --from 2025-08-01 h7
refuses "merging into nobody" ROSTER_UNSOUND "$authority" merge-site --roster r5.doc --from 2025-07-01 --into h99 h5
passes "merge h5" "$authority" merge-site --roster r5.doc --from 2025-07-01 --into h6 h5
passes "leader signs 5" leader_side sign r5.doc

# ---- real codes outside demonstrations
passes "a real roster" leader_side new-roster --root helper/root.yaml --context "weft v1" --expires 2099-01-01 --roster real.doc
passes "operator l" operator real.doc health leader "Health Commission"
passes "operator h" operator real.doc uni helper "University"
for c in top-l top-h; do rm -f $c/tls.crt; done
passes "coordinator" coordinator real.doc health top-l
passes "coordinator" coordinator real.doc uni top-h
refuses "a code of another tier" ROSTER_UNSOUND area real.doc 330300 "" province top-l top-h
passes "a province" area real.doc 330000 "" province top-l top-h

# ---- both languages
WEFT_LANG=zh "$authority" --help | grep -q 签名 || fail "no Chinese help"
if WEFT_LANG=zh "$authority" show nothing.doc 2>zh.txt; then fail "showed nothing"; fi
grep -q 无法读取文件 zh.txt || fail "no Chinese error"

[ $failures = 0 ] && echo "all held"
exit $((failures > 0))
