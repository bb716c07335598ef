#!/usr/bin/env bash
# Redis, nothing kept on disk.
NAME=redis
. "$(dirname "$0")/lib.sh"

version() { redis-server --version | sed -n 's/.* v=\([0-9.]*\).*/\1/p'; }
install_server() { debian_package redis-server redis-server; }
start_server() { launch redis-server --bind 127.0.0.1 --port "$PORT" --save '' --appendonly no --dir "$RUN" --daemonize no; }
is_ready() { [[ $(redis-cli -h 127.0.0.1 -p "$PORT" ping 2>/dev/null) == PONG ]]; }
url() { echo "redis://127.0.0.1:$PORT/0"; }
main "$@"
