#!/bin/sh
# The tiny container: starts in milliseconds and answers GET / with its name.
mkdir -p /www
printf '%s' "${NAME:-$(hostname)}" >/www/index.html
# The first process of a container ignores SIGTERM unless it asks for it. With it the kernel ends all others, so
# it stays, for a second at most, until those that are in the middle of an answer have given it.
finish() {
  kill "$server" 2>/dev/null
  left=50
  while set -- /proc/[0-9]* && [ $# -gt 1 ] && [ "$left" -gt 0 ]; do
    left=$((left - 1))
    sleep 0.02
  done
  exit 0
}
trap finish TERM INT
httpd -f -p "${PORT:-8080}" -h /www &
server=$!
wait "$server"
