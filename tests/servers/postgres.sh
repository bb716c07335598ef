#!/usr/bin/env bash
# PostgreSQL, a fresh cluster: user and database "postgres", no password, no fsync. It refuses to run as root, so root hands
# it to the package's user "postgres", and the data lie in the temporary folder, which that user may enter.
NAME=postgres
STOP_SIGNAL=INT     # "fast": does not wait for clients to leave
. "$(dirname "$0")/lib.sh"

binaries() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
version() { "$(binaries)/postgres" --version | sed -n 's/.* \([0-9.]*\).*/\1/p'; }
install_server() { [[ -n $(binaries) ]] || debian_package postgres postgresql; }
start_server() {
    local bin as=() data
    bin=$(binaries)
    data=${TMPDIR:-/tmp}/decapolis-postgres-$EUID-$PORT
    rm -rf "$data"
    mkdir -m 700 "$data"
    if ((EUID == 0)); then
        as=(setpriv --reuid postgres --regid postgres --init-groups)
        chown postgres: "$data"
    fi
    (cd "$data" && "${as[@]}" "$bin/initdb" -D "$data/db" -A trust -U postgres -E UTF8 --no-sync) > "$RUN/initdb.log" 2>&1 ||
        { cat "$RUN/initdb.log" >&2; die "initdb failed"; }
    launch "${as[@]}" "$bin/postgres" -D "$data/db" -p "$PORT" -h 127.0.0.1 -k "$data" \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off
}
is_ready() { "$(binaries)/pg_isready" -q -h 127.0.0.1 -p "$PORT" -U postgres; }
url() { echo "postgresql://postgres@127.0.0.1:$PORT/postgres"; }
main "$@"
