#!/bin/sh
# Builds the package in a root of another Debian or Ubuntu, and tries the units there:
#
#   deb_on.sh SUITE VERSION [ARCHITECTURE]     makes build/deb-SUITE/*.deb, or build/deb-SUITE-ARCHITECTURE
#
# Nothing of it stays in the root, which is kept: root.sh makes it.
set -eu

suite=$1 version=$2 architecture=${3-}
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
out=$source/build/deb-$suite${architecture:+-$architecture}
root=$(sh "$here/root.sh" "$suite" "build${architecture:+-$architecture}")
place=$(mktemp -d)
trap 'rmdir "$place"' EXIT
rm -rf "$out"
mkdir -p "$out"

# Packages of another architecture are compiled; there is nothing here that runs them.
# shellcheck disable=SC2016
unshare --mount --propagation private --pid --fork --kill-child sh -euc '
mount -t tmpfs -o size=3G tmpfs "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" "$0/root"
mount -t proc proc "$0/root/proc"
mount --rbind /dev "$0/root/dev"
mkdir "$0/root/src"
tar -C "$2" --exclude=./build --exclude=./run --exclude=./.git -cf - . | tar -C "$0/root/src" -xf -
chroot "$0/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh -euc "
    cd /src
    make deb VERSION=$4 ARCHITECTURE=$5
    [ -n \"$5\" ] || make -s -j$(nproc) units"
cp "$0"/root/src/build/deb/tapedeck_*.deb "$3/"
' "$place" "$root" "$source" "$out" "$version" "$architecture"
ls "$out"/*.deb
