#!/bin/sh
# Runs a command in a copy of our source, in a root that root.sh has made:
#
#   in_root.sh ROOT COMMAND [FILES FOLDER]     FILES are those that it makes, for FOLDER: a pattern
#
# Nothing of it stays in the root.
set -eu

root=$1 command=$2 files=${3-} folder=${4-}
source=$(cd "$(dirname "$0")/../.." && pwd)
place=$(mktemp -d)
trap 'rmdir "$place"' EXIT

# shellcheck disable=SC2016
unshare --mount --propagation private --pid --fork --kill-child sh -euc '
mount -t tmpfs -o size=6G tmpfs "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" "$0/root"
mount -t proc proc "$0/root/proc"
mount --rbind /dev "$0/root/dev"
mkdir "$0/root/src"
tar -C "$2" --exclude=./build --exclude=./run --exclude=./.git -cf - . |
    tar -C "$0/root/src" --no-same-owner -xf -
chroot "$0/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh -euc "cd /src; $3"
[ -z "$4" ] || cp "$0"/root/src/$4 "$5/"
' "$place" "$root" "$source" "$command" "$files" "$folder"
