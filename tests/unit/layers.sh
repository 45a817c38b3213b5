#!/usr/bin/env bash
# layers.sh - dependencies run one way: crypto <- base <- audit, catalogue <- node, coordinator; and each outside
# library has one home.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
may_not() { # DIRECTORY PATTERN WHY
  local found
  if found=$(grep -nE "^#include [<\"]$2" "$1"/*.c "$1"/*.h "$1"/*.inc 2>/dev/null); then
    echo "$found"
    echo "  ^ $1 $3"
    bad=1
  fi
}
may_not crypto '(base|audit|catalogue|node|coordinator|proto)/' "knows nothing of weft"
may_not base '(audit|catalogue|node|coordinator)/' "knows no program"
may_not audit '(catalogue|node|coordinator)/' "holds public rules alone"
may_not catalogue '(audit|node|coordinator)/' "knows no program"
may_not node/records 'node/[^r]' "knows nothing of the rest of node"
may_not node 'coordinator/' "and coordinator meet only in proto"
may_not coordinator 'node/' "and node meet only in proto"
for directory in audit catalogue node coordinator; do
  may_not $directory '(lmdb|grpc/|event2/|yaml|openssl/)' "reaches outside libraries through base and crypto"
done
home() { # HEADER FILE-PATTERN
  local found
  if found=$(grep -lE "^#include <$1" base/*.c base/*.h crypto/*.c crypto/*.h 2>/dev/null | grep -vE "^($2)$"); then
    echo "$found includes <$1>, whose home is $2"
    bad=1
  fi
}
home 'lmdb' 'base/store\.c'
home 'yaml\.h' 'base/yaml\.c'
home 'grpc/' 'base/rpc_[a-z_]*\.[ch]'
home 'event2/' 'base/loop\.c'
home 'openssl/' 'crypto/[a-z_]*\.[ch]|base/(cert|probe)\.c'
exit $bad
