# checks.sh - what tests of command lines share: each check says what failed and goes on. Sourced; out.txt in the
# working directory holds what the last command printed.
failures=0
declare -A pids=() # programs to be killed at the end

# An empty directory to work in, which goes with the test, as do the programs in `pids`.
workplace() {
    work=$(mktemp -d)
    trap 'for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null || true; done; rm -rf "$work"' EXIT
    cd "$work"
}

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# passes NAME COMMAND...
passes() {
    local name=$1
    shift
    if ! "$@" >out.txt 2>&1; then
        fail "$name"
        cat out.txt
    fi
}

# refuses NAME ERROR COMMAND...: fails soon, and with this error
refuses() {
    local name=$1 error=$2 limit=()
    shift 2
    [ "$(type -t "$1")" != file ] || limit=(timeout 20) # a daemon that starts after all; functions end by themselves
    if "${limit[@]}" "$@" >out.txt 2>&1; then
        fail "$name: was accepted"
    elif ! grep -q " $error[: ]" out.txt; then
        fail "$name: not with $error but"
        cat out.txt
    fi
}

# until_holds SECONDS NAME COMMAND...
until_holds() {
    local ends=$((SECONDS + $1)) name=$2
    shift 2
    until "$@" >out.txt 2>&1; do
        if [ $SECONDS -ge $ends ]; then
            fail "$name: not in time"
            cat out.txt
            return
        fi
        sleep 0.2
    done
}
