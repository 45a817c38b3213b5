# checks.sh - what tests of command lines share: each check says what failed and goes on. Sourced; out.txt in the
# working directory holds what the last command printed.
failures=0

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
