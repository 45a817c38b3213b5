# small_province.sh - a real province of six coordinators and eight hospitals on eICU's records, and whether its totals are
# those of plain SQL. Sourced by tests that disturb it. Wants BUILD and ROOT.
#
#   province_workplace                WORK, and its end with the test
#   province_split                    the hospitals' records; sets SITES
#   province_begin                    keys, roster and task (TASK_TIMES: more of its settings)
#   province_start                    start all coordinators (ALL)
#   restart ID                        start one again, at its old port
#   report_site ID COMMAND...         import, evaluate, approve once, then COMMAND (given the settings) until it succeeds
#   province_released                 has the top leader released?
#   province_compare                  all leaders' totals against SQL over all records

ALL=(help-990000 help-990100 lead-990000 lead-990100 lead-990101 lead-990102)
fail() { echo "FAILED: $*" >&2; exit 1; }
# shellcheck source=deploy/federation.sh
. "$ROOT/deploy/federation.sh"

province_workplace() {
  WORK=$(mktemp -d /tmp/weft-test-province.XXXXXX)
  trap province_leave EXIT
}

province_leave() {
  local status=$?
  [ -z "${FED:-}" ] || federation_end
  if [ $status -ne 0 ]; then tail -n 5 "$WORK"/federation/*.log >&2 || true; fi
  rm -rf "$WORK"
}

province_split() { # four hospitals in each of two counties of the Midwest
  "$BUILD/deploy/weft-demo-split" "$ROOT/deploy/demo-data/eicu" "$WORK/records" >/dev/null
  mapfile -t SITES < <(awk -F, '$2 == "Midwest" && $1 % 5 < 2 && n[$1 % 5]++ < 4 { print $1 }' "$WORK/records/hospitals.csv")
  [ ${#SITES[@]} -eq 8 ] || fail "expected 8 hospitals"
}

county_of() { echo $((990101 + $1 % 5)); } # hospital

restart() { # ID
  case $1 in
    help-*) start_coordinator "$1" "" ;;
    lead-990000) start_coordinator "$1" "" help-990000 ;;
    lead-990100) start_coordinator "$1" lead-990000 lead-990000 help-990100 ;;
    *) start_coordinator "$1" lead-990100 lead-990100 help-990100 ;;
  esac
}

province_begin() {
  federation_begin "$WORK/federation" "$BUILD"
  add_coordinator leader lead-990000 990000
  add_coordinator helper help-990000
  add_area 990000 "" province lead-990000 help-990000 省 Province
  add_coordinator leader lead-990100 990100
  add_coordinator helper help-990100
  add_area 990100 990000 city lead-990100 help-990100 市 City
  local county id
  for county in 990101 990102; do
    add_coordinator leader lead-$county $county
    add_area $county 990100 county lead-$county help-990100 县 County
  done
  for id in "${SITES[@]}"; do add_site "h$id" "$(county_of "$id")" "owner-$id" "医院$id" "Hospital $id"; done
  sign_roster
  cat >"$WORK/task.yaml" <<YAML
name: "small province"
period: "2014-01..2015-12"
zone: "UTC"
open: "$(date -u -d '-10 minutes' +%Y-%m-%dT%H:%M:%SZ)" # clocks may be behind
close: "+40m"
close_when_complete: true
min_sites: 3
min_cell: 5
${TASK_TIMES:-}
YAML
  publish_task "$WORK/task.yaml" "$ROOT/catalogue/eicu-demo.yaml"
  FED_POLL=200ms
}

province_start() {
  local id
  for id in "${ALL[@]}"; do restart "$id"; done
}

report_site() { # ID COMMAND...
  local id=$1 settings map=$ROOT/deploy/demo-data/mapping pair file
  shift
  settings=$(site_settings "h$id")
  for pair in discharge:patient icu_stay:patient icu_day1:apachepredvar risk_score:apachepatientresult \
    treatment:treatment site_fact:hospital; do
    file=$WORK/records/$id/${pair##*:}.csv
    [ "$(head -2 "$file" | wc -l)" -gt 1 ] || continue
    node import --settings "$settings" --mapping "$map/${pair%%:*}.yaml" "$file"
  done
  # shellcheck disable=SC2086 # words
  for _ in $(seq 300); do ${RUN_OF[h$id]:-} "$BUILD/node/weft-node" evaluate --settings "$settings" && break; sleep 0.2; done
  # shellcheck disable=SC2086
  for _ in $(seq 300); do ${RUN_OF[h$id]:-} "$BUILD/node/weft-node" approve --settings "$settings" --by tester && break; sleep 0.2; done
  for _ in $(seq 300); do
    "$@" "$settings" && return 0
    sleep 0.1
  done
  return 1
}

num_reported() { find "$WORK" -maxdepth 1 -name 'reported.*' | wc -l; }

province_released() {
  coordinator status --settings "$FED/lead-990000/settings.yaml" --json 2>/dev/null | grep -q '"phase": *"released"'
}

province_compare() {
  local file id leader
  mkdir -p "$WORK/compare"
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
}
