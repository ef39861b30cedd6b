#!/bin/sh
# Starts the responders on a unix socket and keeps them running; stays in the foreground, for
# systemd or the development stack to supervise.
#
#   [TAPEDECK_ENV=FILE] ./spawn-fcgi.sh [SOCKET [RESPONDERS [BINARY]]]
#
#   SOCKET       default /run/tapedeck/responders.sock; the web server connects here. "-": standard
#                input is a socket that listens, as systemd gives it (tapedeck-responders.socket)
#   RESPONDERS   default 8; each answers one request at a time
#   BINARY       default: tapedeck.fcgi in build/ beside this script, else in the PATH
#
# The same names work as environment variables. SOCKET_MODE (default 0660) is the socket's mode:
# let the web server's user share its group. The responders inherit the environment, with it
# TAPEDECK_ENV and the configuration.
#
# SIGTERM lets each responder finish its request and ends them all; a second one is not as patient.
# A responder that dies is replaced a second later, however often it dies.
set -eu

if [ "${1-}" = --responder ]; then
    # The pause bounds how fast a responder that cannot start is tried again. The first ones, which
    # replace nobody, do without.
    if [ "$(($(date +%s) - TAPEDECK_SPAWNED))" -gt 1 ]; then
        sleep 1
    fi
    exec "$2"
fi

fail() {
    echo "spawn-fcgi.sh: $*" >&2
    exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
socket=${1:-${SOCKET:-/run/tapedeck/responders.sock}}
responders=${2:-${RESPONDERS:-8}}
binary=${3:-${BINARY:-$here/build/tapedeck.fcgi}}
[ -x "$binary" ] || binary=$(command -v "${3:-${BINARY:-tapedeck.fcgi}}") ||
    fail "there is no ${3:-${BINARY:-tapedeck.fcgi}}; build it with make"
needed=multiwatch
[ "$socket" = - ] || needed="$needed spawn-fcgi"
for program in $needed; do
    command -v $program >/dev/null || fail "$program is missing: apt-get install $program"
done
case $responders in
'' | *[!0-9]* | 0) fail "RESPONDERS must be a number from 1 on" ;;
esac

TAPEDECK_SPAWNED=$(date +%s)
export TAPEDECK_SPAWNED

# multiwatch gives a child up after a few quick deaths; that must not happen here, so it may try
# a billion times, and its count starts anew whenever a responder has lived for two seconds. What
# it passes on when it is told to end is SIGUSR1; with -s USR1 it would be SIGILL (it miscounts).
set -- "$(command -v multiwatch)" -f "$responders" -r 1000000000 -t 2000 -- \
    /bin/sh "$here/spawn-fcgi.sh" --responder "$binary"
[ "$socket" != - ] || exec "$@"
exec spawn-fcgi -n -s "$socket" -M "${SOCKET_MODE:-0660}" -b 1024 -- "$@"
