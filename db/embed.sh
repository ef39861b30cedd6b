#!/bin/sh
# Prints C that carries the given files inside the binary:
#   embed.sh MIGRATION.sql... -- SCRIPT.lua... -- PROMPT.txt... -- DESCRIPTION.json...
# Names, bytes and their SHA-1 only; what they mean is known by shared/.
set -eu

symbol() { basename "$1" | tr -c 'a-zA-Z0-9\n' '_'; }

blob() { # makes the file's bytes a symbol, NUL-terminated
    printf '__asm__(".section .rodata\\n.global blob_%s\\nblob_%s: .incbin \\"%s\\"\\n' \
        "$(symbol "$1")" "$(symbol "$1")" "$1"
    printf '.global blob_%s_end\\nblob_%s_end: .byte 0\\n.previous\\n");\n' \
        "$(symbol "$1")" "$(symbol "$1")"
    printf 'extern const char blob_%s[], blob_%s_end[];\n' "$(symbol "$1")" "$(symbol "$1")"
}

table() { # table NAME FILE...
    name=$1
    shift
    printf 'const struct embedded_file %s[] = {\n' "$name"
    for file in "$@"; do
        printf '    {"%s", blob_%s, blob_%s_end, "%s"},\n' \
            "$(basename "$file")" "$(symbol "$file")" "$(symbol "$file")" \
            "$(sha1sum "$file" | cut -d' ' -f1)"
    done
    printf '    {0},\n};\n'
}

echo '#include "base/embedded.h"'
names=
for kind in EMBEDDED_MIGRATIONS EMBEDDED_SCRIPTS EMBEDDED_PROMPTS EMBEDDED_DESCRIPTIONS; do
    while [ $# -gt 0 ] && [ "$1" != "--" ]; do
        blob "$1"
        names="$names $1"
        shift
    done
    [ $# = 0 ] || shift
    # shellcheck disable=SC2086 # names of our own files, without blanks
    table $kind $names
    names=
done
