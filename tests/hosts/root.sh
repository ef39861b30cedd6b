#!/bin/sh
# Makes a root of a Debian or Ubuntu, keeps it for the next time, and prints its folder:
#
#   root.sh SUITE bare       a shell and apt, and none of our libraries
#   root.sh SUITE build      what building and packaging needs (packages.txt), and the units
#   root.sh SUITE build-arm64     the same, for a package of another architecture
#   root.sh SUITE test       what `make quick` needs
#   root.sh SUITE machine    systemd, and, fetched but not installed, what docs/install.md installs and
#                            what the package depends on
#
# It ends with 75 and a reason where no root can be made here: that needs root, mmdebstrap and a network.
set -eu

suite=$1 kind=$2
source=$(cd "$(dirname "$0")/../.." && pwd)
packages=$source/tests/stack/packages.txt
roots=$source/build/roots
root=$roots/$suite-$kind
keys=/usr/share/keyrings

cannot() {
    echo "$*" >&2
    exit 75
}

groups() {
    for group in "$@"; do
        sed -n "s/^$group  *//p" "$packages"
    done
}

# Every package that the page names after apt-get install, as words of one line.
named_by_the_page() {
    sed -n '/^ *apt-get install/{s/.*apt-get install//;s,\./[^ ]*,,;p}' "$source/docs/install.md" |
        tr '\n' ' '
}

# Debian 12 does not know Ubuntu's keys; Debian 13 does, and signs them.
ubuntu_keys() {
    keys=$roots/ubuntu-keys/usr/share/keyrings/ubuntu-archive-keyring.gpg
    [ -e "$keys" ] || mmdebstrap --variant=extract --include=ubuntu-archive-keyring trixie \
        "$roots/ubuntu-keys" >"$roots/ubuntu-keys.log" 2>&1 || cannot "Ubuntu's keys cannot be had here"
}

make_root() {
    mkdir -p "$roots"
    rm -rf --one-file-system "$root" "$root.making"
    from='' components=main
    case $suite in
    jammy | noble)
        from=http://archive.ubuntu.com/ubuntu components=main,universe
        ubuntu_keys
        ;;
    esac
    case $kind in
    bare) set -- ;;
    build) set -- --include="$(groups build deb | tr '\n' ,)libcmocka-dev" ;;
    test) set -- --include="$(groups build run test | tr '\n' ,)" ;;
    build-*)
        other=${kind#build-}
        set -- --architectures="$(dpkg --print-architecture),$other" --include="$(
            { groups deb; echo "pkg-config crossbuild-essential-$other" | tr ' ' '\n'
                groups build | sed -n "/^lib/s/\$/:$other/p"; } | tr '\n' ,)"
        ;;
    machine)
        set -- --include=systemd,systemd-sysv,dbus,openssl,curl --skip=cleanup/apt \
            --customize-hook="chroot \"\$1\" apt-get install --yes --install-recommends --download-only \
                $(named_by_the_page) adduser $(groups build | grep ^lib | tr '\n' ' ')"
        ;;
    *) cannot "no such kind of root: $kind" ;;
    esac
    # What it mounts, /dev/shm of this machine too, is gone with it, also when it is killed.
    unshare --mount --propagation private mmdebstrap --variant=apt --dpkgopt=force-unsafe-io --components="$components" "$@" \
        --keyring="$keys" "$suite" "$root.making" $from >"$roots/$suite-$kind.log" 2>&1 || {
        tail -n 5 "$roots/$suite-$kind.log" >&2
        rm -rf --one-file-system "$root.making"
        cannot "no root of $suite can be had here"
    }
    mv "$root.making" "$root"
}

[ "$(id -u)" = 0 ] || cannot "making a root needs root"
command -v mmdebstrap >/dev/null || cannot "making a root needs mmdebstrap: tests/stack/setup.sh hosts"
mkdir -p "$roots"
exec 9>"$roots/$suite-$kind.lock"
flock 9
case $kind in
bare) made_of='' ;;
machine) made_of=$source/docs/install.md ;;
*) made_of=$packages ;;
esac
if [ ! -d "$root" ] || [ -n "$(find "${made_of:-$root.log}" -newer "$root.log")" ]; then make_root; fi
echo "$root"
