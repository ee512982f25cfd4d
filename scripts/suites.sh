# Sourced by scripts/haproxies and scripts/engines: packages of other Debian suites, unpacked beside the system's.
# shellcheck shell=bash

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# need_debian ELSE: dies where there are no packages of Debian's, or nothing to check them by.
need_debian() {
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || die "Only Debian's packages are known here: $1."
  [ -e "$KEYRING" ] || die "Cannot check Debian's signatures: $KEYRING is missing. Install debian-archive-keyring."
}

# The mirror that this machine already uses for Debian itself, else Debian's public name.
mirror() {
  local found
  found=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null |
    awk '$1 ~ /\/debian\/?$/ {print $1; exit}')
  [ -n "$found" ] || found=$(sed -n 's/^URIs: *\([^ ]*\/debian\/\{0,1\}\)$/\1/p; s/^deb .*\(https\{0,1\}:[^ ]*\/debian\/\{0,1\}\) .*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
  printf '%s\n' "${found:-http://deb.debian.org/debian}"
}

# apt with lists, cache and sources of its own, so that the machine's stay as they are. It sees no
# installed package either: a library that the system has is one of the wrong suite.
# A mirror that lags, or is a snapshot, is good enough for a test; its signature is checked all the same.
private_apt() {
  local tool=$1 area=$2
  shift 2
  "$tool" -q -o "Dir::Etc::SourceList=$area/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o "Dir::State=$area/state" -o "Dir::State::Lists=$area/lists" -o "Dir::State::status=$area/status" -o "Dir::Cache=$area/cache" \
    -o Acquire::Check-Valid-Until=false -o "APT::Sandbox::User=root" -o Acquire::Languages=none \
    -o "APT::Default-Release=$(sed -n 's/.* \([^ ]*\) main$/\1/p;q' "$area/sources.list")" -o "APT::Architecture=$(dpkg --print-architecture)" "$@"
}

# read_suite AREA URI SUITE…: makes the area anew, and reads the package lists of the suites into it.
read_suite() {
  local area=$1 uri=$2 each
  shift 2
  rm -rf "$area"
  mkdir -p "$area"/{lists,cache,state,debs,unpacked/root}
  : >"$area/status"
  for each in "$@"; do
    printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$uri" "$each"
  done >"$area/sources.list"
  private_apt apt-get "$area" -o APT::Update::Error-Mode=any update >"$area/log" 2>&1 ||
    { say "cannot read the package lists of $1 at $uri: $(tail -n 1 "$area/log")"; return 1; }
}
