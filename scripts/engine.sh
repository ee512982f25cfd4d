# Sourced by scripts/test: a Docker engine of our own, which leaves nothing behind.
# shellcheck shell=bash

ENGINE_PID=
ENGINE_DIR=
ENGINE_WHY=
ENGINE_MADE_ETC=no
ENGINE_CGROUP=signalbox-test-$$
# Engines that run beside the one of the variables above: "PID DIR MADE_ETC CGROUP".
ENGINES_BESIDE=()

# start_engine: sets ENGINE_PID and exports SIGNALBOX_TEST_DOCKER, or sets ENGINE_WHY and fails.
#
# The engine gets a network and a mount namespace of its own: its bridge, its iptables rules and its mounts
# neither meet those of an engine that runs here already, nor outlive it. SIGNALBOX_TEST_ENGINE=28 takes the one that
# scripts/engines unpacked.
start_engine() {
  local programs=
  ENGINE_WHY=
  if [ -n "${SIGNALBOX_TEST_ENGINE:-}" ]; then
    programs=$CACHE/engines/$SIGNALBOX_TEST_ENGINE/bin:
    [ -x "${programs%:}/dockerd" ] || { ENGINE_WHY="there is no Docker $SIGNALBOX_TEST_ENGINE: scripts/dev engines unpacks it"; return 1; }
  fi
  ENGINE_CGROUP=signalbox-test-$$-${#ENGINES_BESIDE[@]}
  [ "$(id -u)" -eq 0 ] || { ENGINE_WHY="an engine needs root"; return 1; }
  command -v dockerd >/dev/null || { ENGINE_WHY="dockerd is not installed"; return 1; }
  has_package busybox-static || { ENGINE_WHY="busybox-static is not installed"; return 1; }
  unshare --net --mount true 2>/dev/null || { ENGINE_WHY="this kernel or container allows no network namespaces"; return 1; }
  # Short, since the path of a unix socket may have 107 characters at most.
  ENGINE_DIR=$(mktemp -d /tmp/sbt.XXXXXX)
  # An engine of the machine's own may be configured there, for itself.
  printf '{}\n' >"$ENGINE_DIR/daemon.json"
  [ -e /etc/docker ] && ENGINE_MADE_ETC=no || ENGINE_MADE_ETC=yes
  # The variables are expanded by the inner shell, from its own arguments.
  # shellcheck disable=SC2016
  env -u SIGNALBOX_TEST_RUN setsid unshare --net --mount --propagation private sh -c '
    busybox ip link set lo up
    # containerd and libnetwork write there whatever their own folders are.
    mount -t tmpfs tmpfs /run
    # An address that is not the loopback: published ports and Swarm need one.
    busybox ip link add uplink type dummy && busybox ip addr add 192.0.2.10/24 dev uplink && busybox ip link set uplink up
    busybox ip route add default via 192.0.2.1 || true
    [ -e /sys/fs/cgroup/cgroup.controllers ] || [ -d /sys/fs/cgroup/memory ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
    # It finds containerd and runc of its own version first.
    export PATH="$3$PATH"
    exec dockerd --config-file "$1/daemon.json" --data-root "$1/data" --exec-root "$1/run" -p "$1/pid" -H "unix://$1/docker.sock" \
      --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$2" --log-level warn
  ' sh "$ENGINE_DIR" "$ENGINE_CGROUP" "$programs" </dev/null >"$ENGINE_DIR/log" 2>&1 &
  ENGINE_PID=$!
  disown "$ENGINE_PID" 2>/dev/null || true
  wait_for_engine && { export SIGNALBOX_TEST_DOCKER=unix://$ENGINE_DIR/docker.sock; return 0; }
  ENGINE_WHY="dockerd did not start: $(grep -iE 'fail|error|fatal' "$ENGINE_DIR/log" | tail -n 1 | tr -d '"' | cut -c1-200)"
  mkdir -p "$CACHE" && cp "$ENGINE_DIR/log" "$CACHE/dockerd.log"
  stop_engine
  return 1
}

wait_for_engine() {
  local tries=0
  while [ $tries -lt 300 ] && kill -0 "$ENGINE_PID" 2>/dev/null; do
    docker -H "unix://$ENGINE_DIR/docker.sock" version >/dev/null 2>&1 && return 0
    sleep 0.1
    tries=$((tries + 1))
  done
  return 1
}

# in_engine_network COMMAND…: runs a command where the containers' addresses are, and the rest as it is.
in_engine_network() {
  if [ -n "$ENGINE_PID" ]; then nsenter --target "$ENGINE_PID" --net "$@"; else "$@"; fi
}

# Leaves the engine to what uses it, so that another one can be started beside it.
set_engine_aside() {
  [ -n "$ENGINE_PID" ] || return 0
  ENGINES_BESIDE+=("$ENGINE_PID $ENGINE_DIR $ENGINE_MADE_ETC $ENGINE_CGROUP")
  ENGINE_PID='' ENGINE_DIR=''
}

# Ends the engine, and those that were set aside.
stop_engines() {
  local beside
  stop_engine
  for beside in ${ENGINES_BESIDE[@]+"${ENGINES_BESIDE[@]}"}; do
    read -r ENGINE_PID ENGINE_DIR ENGINE_MADE_ETC ENGINE_CGROUP <<<"$beside"
    stop_engine
  done
  ENGINES_BESIDE=()
}

# Ends the engine by its pid, then those of its children that outlived it: they name its folder.
stop_engine() {
  local tries=0 pid
  if [ -n "$ENGINE_PID" ]; then
    kill -TERM "$ENGINE_PID" 2>/dev/null || true
    while kill -0 "$ENGINE_PID" 2>/dev/null && [ $tries -lt 150 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$ENGINE_PID" 2>/dev/null || true
    ENGINE_PID=
  fi
  [ -n "$ENGINE_DIR" ] || return 0
  for pid in $(engine_leftovers); do kill -KILL "$pid" 2>/dev/null || true; done
  tries=0
  while ! rm -rf "$ENGINE_DIR" 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
  find /sys/fs/cgroup -depth -type d -path "*/$ENGINE_CGROUP*" -exec rmdir {} + 2>/dev/null || true
  ENGINE_DIR=
  # Older engines write a key there, and no setting of theirs stops it.
  [ "$ENGINE_MADE_ETC" = no ] || { rm -f /etc/docker/key.json && rmdir /etc/docker; } 2>/dev/null || true
}

# Prints the pids of containerd and its shims, which carry the engine's own temporary folder in their command
# line, and of what still runs in the engine's cgroup.
engine_leftovers() {
  local entry pid
  for entry in /proc/[0-9]*; do
    pid=${entry#/proc/}
    [ "$pid" != $$ ] && [ "$pid" != "$BASHPID" ] || continue
    if tr '\0' ' ' 2>/dev/null <"$entry/cmdline" | grep -qF "$ENGINE_DIR/run" ||
      grep -qF "/$ENGINE_CGROUP" "$entry/cgroup" 2>/dev/null; then printf '%s\n' "$pid"; fi
  done
}
