#!/bin/sh
# Looks at our C without running it: warnings of gcc and clang, gcc -fanalyzer, clang-tidy, cppcheck.
#
#   sh tests/static/run.sh FOLDER     builds in FOLDER
#
# What is not installed is named and passed over. Everything is tried, whatever fails before.
set -eu

cd "$(dirname "$0")/../.."
folder=$1
jobs=$(nproc)
includes='-I shared -I fcgi -I jobs -I tests/unit -I tests/fuzz -I /usr/include/postgresql'
failed=0

# look NAME PROGRAM COMMAND...: one kind of look; what it has to say is shown when it fails.
look() {
    name=$1
    program=$2
    shift 2
    if ! command -v "$program" >/dev/null; then
        echo "$name: skipped, $program is not installed"
        return 0
    fi
    if "$@" >"$folder/$name.log" 2>&1; then
        echo "$name: clean"
    else
        cat "$folder/$name.log"
        echo "$name: FAILED"
        failed=1
    fi
}

compile() { # compile FOLDER CC FLAGS TARGET...: warnings are errors
    build=$1
    compiler=$2
    flags=$3
    shift 3
    MAKEFLAGS='' make -s -k -j"$jobs" CC="$compiler" CFLAGS="$flags" SANITIZE=no \
        BUILD="$build" "$@" >/dev/null
}

tidy_one() {
    except=
    case $1 in
    # It does not see that the first of a list has no predecessor.
    shared/clients/http.c) except=--checks=-clang-analyzer-unix.Malloc ;;
    esac
    # shellcheck disable=SC2086 # lists of flags
    clang-tidy --quiet $except "$1" -- -std=c11 -D_GNU_SOURCE $includes 2>/dev/null
}

tidy() {
    find shared fcgi jobs tests/fuzz -name '*.c' -print0 |
        xargs -0 -n 1 -P "$jobs" sh tests/static/run.sh --tidy
}

check() {
    # shellcheck disable=SC2086 # a list of flags
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --error-exitcode=1 \
        --suppressions-list=tests/static/cppcheck.txt --inline-suppr -j "$jobs" -D_GNU_SOURCE \
        ${includes%-I /usr*} shared fcgi jobs tests/unit tests/fuzz
}

if [ "$folder" = --tidy ]; then
    tidy_one "$2"
    exit
fi

mkdir -p "$folder"
# The plain build is what gcc has to say: what is up to date there was compiled without a warning.
look gcc gcc compile build gcc '-O2 -g' compiled
look clang clang compile "$folder/clang" clang '-O2 -g' compiled
# Not optimized: it would not see what the optimizer has removed. FORTIFY complains about that.
look analyzer gcc compile "$folder/analyzer" gcc '-O0 -g -fanalyzer -Wno-cpp' all
look clang-tidy clang-tidy tidy
look cppcheck cppcheck check
exit $failed
