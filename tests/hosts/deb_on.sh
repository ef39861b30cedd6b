#!/bin/sh
# Builds the package in a root of another Debian or Ubuntu, and tries the units there:
#
#   deb_on.sh SUITE VERSION [ARCHITECTURE]     makes build/deb-SUITE/*.deb, or build/deb-SUITE-ARCHITECTURE
#
# Nothing of it stays in the root, which is kept: root.sh makes it.
set -eu

suite=$1 version=$2 architecture=${3-}
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../build/deb-$suite${architecture:+-$architecture}
root=$(sh "$here/root.sh" "$suite" "build${architecture:+-$architecture}")
rm -rf "$out"
mkdir -p "$out"

command="make deb VERSION=$version ARCHITECTURE=$architecture"
# Packages of another architecture are compiled; there is nothing here that runs them.
[ -n "$architecture" ] || command="$command && make -s -j$(nproc) units"
sh "$here/in_root.sh" "$root" "$command" 'build/deb/tapedeck_*.deb' "$out"
ls "$out"/*.deb
