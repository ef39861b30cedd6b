#!/bin/sh
# Runs the fuzzing harnesses beside each other, as many as there are cores.
#
#   sh tests/fuzz/run.sh FOLDER SECONDS     the harnesses in FOLDER, each for so long
#
# Each begins with our seeds and with what it found before (FOLDER/corpus). What crashes it, hangs
# it or breaks its promises is kept in FOLDER/findings and named here, and the run fails. To see one
# again: FOLDER/fuzz_NAME FILE.
set -eu

fail() {
    echo "fuzz: $*" >&2
    exit 1
}

# One harness; what it says goes to its log, and in one line to the caller.
run_one() {
    folder=$1
    seconds=$2
    name=$3
    found=$folder/findings/$name
    log=$folder/log/$name
    mkdir -p "$folder/corpus/$name" "$found"
    ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:max_allocation_size_mb=1024 \
        TMPDIR=$folder/tmp "$folder/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=3072 -close_fd_mask=2 -print_final_stats=1 -artifact_prefix="$found/" \
        "$folder/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1 && status=0 || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ $status = 0 ]; then
        printf '%-14s %11s runs\n' "$name" "$runs"
        return 0
    fi
    sed -n '/broken promise\|ERROR\|SUMMARY\|runtime error\|Test unit written to/p' "$log" >&2
    echo "fuzz: $name failed (status $status); all it said is in $log" >&2
    return 1
}

if [ "${1-}" = --one ]; then
    run_one "$2" "$3" "$4"
    exit
fi

[ $# = 2 ] || fail "usage: run.sh FOLDER SECONDS"
folder=$(cd "$1" && pwd)
case $2 in
'' | *[!0-9]* | 0) fail "SECONDS must be a number from 1 on" ;;
esac
cd "$(dirname "$0")/../.."
mkdir -p "$folder/log" "$folder/tmp"
for harness in tests/fuzz/fuzz_*.c; do
    basename "$harness" .c | sed 's/^fuzz_//'
done | xargs -P "$(nproc)" -I '{}' sh tests/fuzz/run.sh --one "$folder" "$2" '{}' ||
    fail "not all went well"
