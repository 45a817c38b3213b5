# federation.sh - set up and run a whole federation on loopback: two sides, coordinators, hospitals. Sourced by
# deploy/demo and by the system tests, so that what the demo does is what is tested.
#
#   federation_begin DIRECTORY PROGRAMS     both sides' root keys, an empty roster; PROGRAMS holds the three programs
#   add_coordinator SIDE ID [AREA...]       keys, join file, certificate
#   add_area CODE PARENT TIER LEADER HELPER NAME_ZH NAME_EN
#   add_site ID AREA OWNER NAME_ZH NAME_EN [OPTION...]
#   sign_roster; publish_task SETTINGS CATALOGUE
#   start_coordinator ID [PEER...]          listens on a free port, remembers it, and starts there again later
#                                           (HOST_OF[ID]: at that address; RUN_OF[ID]: words before its command, say a
#                                           network namespace to enter, for sites too)
#   site_settings ID                        prints the path of its settings file
#   federation_end                          stops everything
#
# Everything of a party lies under $FED/<id>; its log is $FED/<id>.log.

federation_begin() {
  FED=$1
  BIN=$2
  TASK_DOC=
  declare -gA PIDS=() PORTS=() LEADER_OF=() SUPERVISOR_OF=() HOST_OF RUN_OF
  mkdir -p "$FED"
  authority init --side leader --name root-commission --dir "$FED/authority-leader"
  authority init --side helper --name root-centre --dir "$FED/authority-helper"
  ROSTER="$FED/roster.doc"
  authority new-roster --dir "$FED/authority-leader" --root "$FED/authority-helper/root.yaml" \
    --context "weft demo v1" --expires 2099-01-01 --roster "$ROSTER"
  authority add-operator --roster "$ROSTER" --id commission --side leader --body "demo health commission" \
    --name-zh 示范卫生健康委员会 --name-en "Demo Health Commission"
  authority add-operator --roster "$ROSTER" --id centre --side helper --body "demo quality control centre" \
    --name-zh 示范医疗质量控制中心 --name-en "Demo Quality Control Centre"
}

# Quiet unless it fails.
quietly() {
  local out
  out=$("$@" 2>&1) || { printf '%s\n' "$out" >&2; return 1; }
}

authority() { quietly "$BIN/coordinator/weft-authority" "$@"; }
node() { "$BIN/node/weft-node" "$@"; }
coordinator() { "$BIN/coordinator/weft-coordinator" "$@"; }

add_coordinator() {
  local side=$1 id=$2 areas=()
  shift 2
  for area in "$@"; do areas+=(--area "$area"); done
  quietly coordinator init --dir "$FED/$id" --id "$id" --tls-name "$id.weft.test" "${areas[@]}"
  authority add-coordinator --dir "$FED/authority-leader" --roster "$ROSTER" \
    --operator "$([ "$side" = leader ] && echo commission || echo centre)" --cert-out "$FED/$id/tls.crt" \
    "$FED/$id/join.yaml"
}

add_area() {
  local parent=()
  [ -n "$2" ] && parent=(--parent "$2")
  LEADER_OF[$1]=$4
  authority add-area --roster "$ROSTER" --code "$1" "${parent[@]}" --tier "$3" --leader-join "$FED/$4/join.yaml" \
    --helper "$5" --name-zh "$6" --name-en "$7"
}

add_site() {
  local id=$1 area=$2 owner=$3 zh=$4 en=$5
  shift 5
  SUPERVISOR_OF[$id]=$area
  local previous=
  for word in "$@"; do
    [ "$previous" = --supervisor ] && SUPERVISOR_OF[$id]=$word
    previous=$word
  done
  quietly node init --dir "$FED/$id" --id "$id" --tls-name "$id.weft.test"
  authority add-site --dir "$FED/authority-leader" --roster "$ROSTER" --area "$area" --owner "$owner" --name-zh "$zh" \
    --name-en "$en" --cert-out "$FED/$id/tls.crt" "$@" "$FED/$id/join.yaml"
}

sign_roster() {
  authority sign --dir "$FED/authority-leader" "$ROSTER"
  authority sign --dir "$FED/authority-helper" "$ROSTER"
}

publish_task() {
  TASK_DOC="$FED/task.doc"
  rm -f "$TASK_DOC"
  authority task --settings "$1" --catalogue "$2" --roster "$ROSTER" --out "$TASK_DOC"
  authority sign --dir "$FED/authority-leader" --roster "$ROSTER" --catalogue "$2" "$TASK_DOC"
  authority sign --dir "$FED/authority-helper" --roster "$ROSTER" --catalogue "$2" "$TASK_DOC"
  mkdir -p "$FED/publication"
  authority publish --dir "$FED/publication" "$ROSTER" "$2" "$TASK_DOC"
}

common_settings() { # ID
  [ -e "$FED/$1/ca.crt" ] || cp "$FED/authority-leader/ca.crt" "$FED/$1/" # each its own: daemons keep it as rosters say
  cat <<YAML
dir: "$FED/$1"
ca: "$FED/$1/ca.crt"
certificate: "$FED/$1/tls.crt"
roots: ["$FED/authority-leader/root.yaml", "$FED/authority-helper/root.yaml"]
log_format: json
YAML
}

address_of() { echo "${HOST_OF[$1]:-127.0.0.1}:${PORTS[$1]:-0}"; } # ID

coordinator_settings() { # ID PARENT PEER...
  local id=$1 parent=$2 peers=() peer
  shift 2
  for peer in "$@"; do peers+=("\"$peer $peer.weft.test $(address_of "$peer")\""); done
  common_settings "$id"
  cat <<YAML
listen: "$(address_of "$id")"
port_file: "$FED/$id/port"
parent: "$parent"
peers: [$(IFS=,; echo "${peers[*]}")]
poll: ${FED_POLL:-300ms}
YAML
  [ -z "$parent" ] && [ -d "$FED/publication" ] && echo "publication: \"$FED/publication\""
  return 0
}

# start_coordinator ID PARENT PEER...: PARENT is "" at the top and for helpers.
start_coordinator() {
  local id=$1 tries=0
  coordinator_settings "$@" >"$FED/$id/settings.yaml"
  rm -f "$FED/$id/port"
  # shellcheck disable=SC2086 # words
  ${RUN_OF[$id]:-} "$BIN/coordinator/weft-coordinator" run --settings "$FED/$id/settings.yaml" >>"$FED/$id.log" 2>&1 &
  PIDS[$id]=$! # of the program itself: a function here would run in a shell of its own
  until [ -s "$FED/$id/port" ]; do
    sleep 0.02
    tries=$((tries + 1))
    if ! kill -0 "${PIDS[$id]}" 2>/dev/null || [ $tries -gt 1000 ]; then
      echo "$id did not start:" >&2
      tail -5 "$FED/$id.log" >&2
      return 1
    fi
  done
  PORTS[$id]=$(cat "$FED/$id/port")
}

kill_coordinator() { # ID [SIGNAL]
  kill "-${2:-TERM}" "${PIDS[$1]}" 2>/dev/null || true
  wait "${PIDS[$1]}" 2>/dev/null || true
  unset "PIDS[$1]"
}

site_settings() {
  local id=$1 leader
  leader=${LEADER_OF[${SUPERVISOR_OF[$id]}]}
  if [ ! -f "$FED/$id/settings.yaml" ]; then
    {
      common_settings "$id"
      echo "leader: \"$leader.weft.test $(address_of "$leader")\""
      echo "poll: ${FED_POLL:-300ms}"
    } >"$FED/$id/settings.yaml"
  fi
  echo "$FED/$id/settings.yaml"
}

federation_end() {
  local id
  for id in "${!PIDS[@]}"; do kill -TERM "${PIDS[$id]}" 2>/dev/null || true; done
  for _ in $(seq 50); do
    local alive=0
    for id in "${!PIDS[@]}"; do kill -0 "${PIDS[$id]}" 2>/dev/null && alive=1; done
    [ $alive -eq 0 ] && break
    sleep 0.1
  done
  for id in "${!PIDS[@]}"; do kill -KILL "${PIDS[$id]}" 2>/dev/null || true; done
  [ ${#PIDS[@]} -eq 0 ] || wait "${PIDS[@]}" 2>/dev/null || true
  PIDS=()
}
