# Sourced by scripts/dev and its parts: where things lie, and how what is missing gets here.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=$ROOT/.cache
DENO_VERSION=2.9.6
DENO_OLDEST_MINOR=6

# Daemons lie in sbin, which is not on the PATH of every shell.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export DENO_DIR=$CACHE/deno-dir
export DENO_NO_UPDATE_CHECK=1
# Companies and CI put their own certificate authority into the system's store.
export DENO_TLS_CA_STORE=${DENO_TLS_CA_STORE:-system,mozilla}

say() { printf '%s\n' "scripts/dev: $*" >&2; }
die() { say "$*"; exit 1; }

# Prints the path of a Deno that is new enough on PATH, or nothing.
deno_on_path() {
  local found version major minor
  found=$(command -v deno) || return 1
  version=$("$found" --version 2>/dev/null | sed -n '1s/^deno \([0-9]*\.[0-9]*\).*/\1/p')
  major=${version%%.*} minor=${version#*.}
  [ -n "$version" ] && [ "$major" -eq 2 ] && [ "$minor" -ge "$DENO_OLDEST_MINOR" ] && printf '%s\n' "$found"
}

# Prints the Deno that npm brought, or nothing. The package "deno" is a launcher; the program lies in
# a package a platform, and only the real one may be copied into an image or asked for its libraries.
deno_from_npm() {
  local file
  for file in "$1"/node_modules/@deno/*/deno; do
    [ -x "$file" ] && "$file" --version >/dev/null 2>&1 && { printf '%s\n' "$file"; return 0; }
  done
  return 1
}

# Sets DENO to a Deno that works, fetching one from npm where there is none.
need_deno() {
  DENO=$(deno_on_path) || DENO=$(deno_from_npm "$CACHE/deno") || DENO=
  if [ -z "$DENO" ]; then
    command -v npm >/dev/null || die "Cannot fetch Deno: there is no npm. Install Node with npm, or Deno 2.$DENO_OLDEST_MINOR or later."
    say "installing Deno $DENO_VERSION from npm into .cache/deno, which runs this program from source"
    mkdir -p "$CACHE/deno"
    npm install --prefix "$CACHE/deno" --no-audit --no-fund --no-save --loglevel=error "deno@$DENO_VERSION" >&2 ||
      die "Cannot install deno@$DENO_VERSION from npm: see above; or put Deno 2.$DENO_OLDEST_MINOR or later on PATH."
    DENO=$(deno_from_npm "$CACHE/deno") || die "The Deno that npm brought does not run here: it needs Linux with glibc, x86_64 or aarch64."
  fi
  export DENO
}

# Says whether what a package brings is here already, whoever installed it.
has_package() {
  case $1 in
    docker.io) command -v dockerd >/dev/null && command -v docker >/dev/null ;;
    # Images made from nothing hold no libc, so that a busybox that needs one is of no use.
    uidmap) command -v newuidmap >/dev/null ;;
    graphviz) command -v dot >/dev/null ;;
    netavark) [ -x /usr/lib/podman/netavark ] ;;
    busybox-static) command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# need_packages WHY PACKAGE…: installs those that are missing, or says what to install and fails.
need_packages() {
  local why=$1 package missing=()
  shift
  for package in "$@"; do has_package "$package" || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say "missing: ${missing[*]} ($why). Install with: sudo apt-get install ${missing[*]}"
    return 1
  fi
  say "installing with apt-get: ${missing[*]} ($why)"
  # RUNLEVEL=1 tells Debian's invoke-rc.d that no service is wanted now, so that where there is no
  # systemd neither a haproxy nor a dockerd of the system's starts beside ours.
  if ! apt_get install -y --no-install-recommends "${missing[@]}"; then
    # A bare machine has no package lists, an old one has lists that name packages which are gone.
    { apt_get update && apt_get install -y --no-install-recommends "${missing[@]}"; } ||
      { tail -n 5 "$CACHE/apt.log" >&2; say "apt-get could not install ${missing[*]}: .cache/apt.log has the whole of it"; return 1; }
  fi
}

apt_get() {
  mkdir -p "$CACHE"
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 NEEDRESTART_MODE=l apt-get -q -o DPkg::Lock::Timeout=120 "$@" \
    >"$CACHE/apt.log" 2>&1 </dev/null
}
