#!/bin/sh
# Runs unit tests, as many beside each other as there are cores; those that fail show what they said.
#
#   sh tests/unit/run.sh COMMAND UNIT...     COMMAND goes before each of them: "valgrind …", or ""
#
# All of them run, whatever fails before. What each one says stays beside it, in UNIT.log.
set -eu

if [ "$1" = --one ]; then
    # shellcheck disable=SC2086 # a command and its options
    $2 "$4" >"$4.log" 2>&1 && exit
    echo "$4" >>"$3"
    cat "$4.log"
    exit
fi
command=$1
shift
fallen=$(mktemp)
trap 'rm -f "$fallen"' EXIT
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' sh "$0" --one "$command" "$fallen" '{}'
failed=$(wc -l <"$fallen")
echo "units: $(($# - failed)) passed, $failed failed"
[ "$failed" = 0 ]
