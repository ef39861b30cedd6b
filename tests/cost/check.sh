#!/bin/sh
# Counts the instructions of one request of each kind, and compares them with tests/cost/counts.txt.
#
#   sh tests/cost/check.sh BINARY [update]      BINARY is build/hot_path; see make check-cost
#
# Counts are the same in every run, on any processor, whatever else the machine does; but not with
# another compiler or other libraries. So they hold on the reference platform: Debian 12, gcc 12,
# amd64. Elsewhere nothing is counted. Fails where a count has risen by more than 5 %; whoever means
# that writes the new ones down with `make check-cost UPDATE=yes`.
set -eu

here=$(dirname "$0")
counts=$here/counts.txt
kinds="file own head link new refused"
requests=200 # as in hot_path.c
percent=5

# count BINARY KIND FOLDER: the instructions of one request of this kind, into FOLDER/KIND. The first
# line of several is the child's, which plays Redis and counts nothing.
count() {
    timeout 120 valgrind --tool=callgrind --toggle-collect=counted_request \
        --callgrind-out-file="$3/out.%p" "$1" "$2" >"$3/$2.said" 2>&1 || {
        tail -n 5 "$3/$2.said" >&2
        return 1
    }
    sed -n 's/.*Collected : //p' "$3/$2.said" | sort -n |
        awk -v n=$requests 'END { printf "%d\n", $1 / n }' >"$3/$2"
}

if [ "$1" = --count ]; then
    count "$2" "$3" "$4"
    exit
fi
binary=$1
update=${2-}

skip() {
    echo "check-cost: skipped: $*"
    exit 0
}

# shellcheck source=/dev/null
release=$(. /etc/os-release 2>/dev/null && echo "${ID-} ${VERSION_ID-}") || release=
[ "$release" = "debian 12" ] || skip "counts are kept for Debian 12"
[ "$(uname -m)" = x86_64 ] || skip "counts are kept for amd64"
[ "$("${CC:-gcc}" -dumpversion | cut -d. -f1)" = 12 ] || skip "counts are kept for gcc 12"
command -v valgrind >/dev/null || skip "valgrind is not installed"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck disable=SC2086 # a list of words
printf '%s\n' $kinds | xargs -P "$(nproc)" -I '{}' sh "$0" --count "$binary" '{}' "$scratch" || exit 1

failed=0
for kind in $kinds; do
    now=$(cat "$scratch/$kind")
    before=$(sed -n "s/^$kind //p" "$counts" 2>/dev/null) || before=
    echo "$kind $now" >>"$scratch/counts"
    if [ -z "$before" ]; then
        [ -n "$update" ] || failed=1
        echo "check-cost: $kind: $now instructions a request, and no count to compare with"
    elif [ "$now" -gt $((before + before * percent / 100)) ]; then
        [ -n "$update" ] || failed=1
        echo "check-cost: $kind: $now instructions a request, over $percent % more than $before"
    else
        echo "check-cost: $kind: $now instructions a request, $before before"
    fi
done
if [ -n "$update" ]; then
    cp "$scratch/counts" "$counts"
fi
exit $failed
