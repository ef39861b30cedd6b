#!/bin/sh
# Writes the player and all its modules as one module to standard output:
#   sh npm/bundle.sh web/recording-player.js VERSION
# Each module becomes a function's scope, in the order in which they need each other. It knows the
# forms of import and export that web/ uses, and refuses any other.
set -eu

exec awk -v entry="$1" -v version="$2" '
function fail(what) {
    print "bundle: " what > "/dev/stderr"
    failed = 1
    exit 1
}

function read_all(path,    line, text, got) {
    while ((got = (getline line < path)) > 0) {
        text = text line "\n"
    }
    if (got < 0) {
        fail("cannot read " path)
    }
    close(path)
    return text
}

function name_of(path) {
    sub(/.*\//, "", path)
    sub(/\.js$/, "", path)
    gsub(/-/, "_", path)
    return "$" path
}

# ./x.js, ./player/x.js or ../x.js, as a module at `from` says it.
function resolve(from, to) {
    sub(/[^\/]*$/, "", from)
    sub(/^\.\//, "", to)
    while (sub(/^\.\.\//, "", to)) {
        if (!sub(/[^\/]+\/$/, "", from)) {
            fail(from ": " to)
        }
    }
    return from to
}

# import { a, b as c } from "./x.js";  ->  const { a, b: c } = $x;
function take_imports(path, text,    out, found, names, from) {
    while (match(text, /(^|\n)import \{[^}]*\} from "[^"]+";/)) {
        out = out substr(text, 1, RSTART - 1)
        found = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        names = from = found
        sub(/^[^{]*/, "", names)
        sub(/\} from .*/, "}", names)
        gsub(/ as /, ": ", names)
        sub(/^.*from "/, "", from)
        sub(/";$/, "", from)
        from = resolve(path, from)
        add(from)
        out = out "\nconst " names " = " name_of(from) ";"
    }
    out = out text
    while (match(out, /import\("[^"]+"\)/)) {
        from = resolve(path, substr(out, RSTART + 8, RLENGTH - 10))
        found = substr(out, RSTART + RLENGTH)
        out = substr(out, 1, RSTART - 1)
        add(from)
        out = out name_of(from) found
    }
    return out
}

# Forgets the word export; what was exported is left in `exported`.
function take_exports(text,    out, found, name) {
    exported = ""
    while (match(text, /(^|\n)export (const|class|(async )?function\*?) [A-Za-z_]+/)) {
        found = name = substr(text, RSTART, RLENGTH)
        out = out substr(text, 1, RSTART - 1)
        text = substr(text, RSTART + RLENGTH)
        sub(/.* /, "", name)
        sub(/export /, "", found)
        out = out found
        exported = exported (exported == "" ? "" : ", ") name
    }
    return out text
}

function add(path,    text) {
    if (path in seen) {
        return
    }
    seen[path] = 1
    text = take_imports(path, read_all(path))
    if (path != entry) {
        text = take_exports(text)
        text = "const " name_of(path) " = (() => {\n" text "\nreturn { " exported " };\n})();\n"
    }
    if (text ~ /(^|\n)import / || (path != entry && text ~ /(^|\n)export /)) {
        fail(path ": a form of import or export that is not known")
    }
    bundle = bundle text "\n"
}

BEGIN {
    add(entry)
    if (!failed) {
        printf "/*! recording-player %s */\n%s", version, bundle
    }
    exit failed
}'
