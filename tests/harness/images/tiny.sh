#!/bin/sh
# The tiny container: starts in milliseconds and answers GET / with its name.
mkdir -p /www
printf '%s' "${NAME:-$(hostname)}" >/www/index.html
# The first process of a container ignores SIGTERM unless it asks for it.
trap 'kill "$server" 2>/dev/null; exit 0' TERM INT
httpd -f -p "${PORT:-8080}" -h /www &
server=$!
wait "$server"
