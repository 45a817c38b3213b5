# packages.sh - the Debian 12 packages that weft needs, and how they are installed. Sourced by deploy/ and tests/.

WEFT_RUN_PACKAGES=(build-essential cmake ninja-build pkg-config protobuf-compiler protobuf-c-compiler libgrpc-dev
  libprotobuf-c-dev libssl-dev liblmdb-dev libevent-dev libyaml-dev libxxhash-dev zlib1g-dev)
WEFT_TEST_PACKAGES=(libcmocka-dev libgmp-dev libjansson-dev sqlite3 valgrind jq openssl faketime
  iproute2)

# install_packages NAME...: what is missing, with apt-get (as root, else through sudo).
install_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "These packages are needed; install them as root: ${missing[*]}" >&2; return 1; }
    sudo=(sudo)
  fi
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq || return 1
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
