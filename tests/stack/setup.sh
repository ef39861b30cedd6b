#!/bin/sh
# Installs the Debian packages that are missing, and only those; silent when all are there.
#
#   sh tests/stack/setup.sh [build] [run] [demo] [test] [full] [fuzz] [static] [deb] [bench] [hosts]
#                                                build, run and test when none is named
#
# Packages that bring a service (PostgreSQL, Redis, lighttpd, nginx, Ceph) must not start it, neither now
# nor at the next boot: the stack runs its own copies. Services that are already installed are not
# touched.
set -eu

here=$(dirname "$0")
list=$here/packages.txt
policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.d
no_cluster=$clusters/tapedeck.conf
mark="made by Tapedeck's setup while it installs packages"

fail() {
    echo "setup: $*" >&2
    exit 1
}

wanted() {
    for group in "$@"; do
        sed -n "s/^$group  *//p" "$list"
    done
}

# Prints those of its arguments that are not installed.
missing() {
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p')
    for package in "$@"; do
        case "
$installed
" in
        *"
$package
"*) ;;
        *) echo "$package" ;;
        esac
    done
}

restore() {
    rm -f "$said"
    if [ -n "${made_policy-}" ]; then rm -f "$policy"; fi
    if [ -n "${made_no_cluster-}" ]; then rm -f "$no_cluster"; fi
}

# One that was killed while it installed has left both behind: they are ours as well. Two at a time
# would take them away from each other.
take_turns() {
    exec 9>/run/lock/tapedeck-setup
    flock 9
    if grep -qs "$mark" "$policy"; then rm -f "$policy"; fi
    if grep -qs "$mark" "$no_cluster"; then left_no_cluster=yes; fi
}

# Without this, installing would start a PostgreSQL, a Redis and a web server on their usual ports.
keep_services_off() {
    if [ ! -e "$policy" ]; then
        made_policy=yes
        printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
        chmod 755 "$policy"
    fi
    if [ ! -e /etc/ceph ]; then had_no_ceph=yes; fi
    if [ ! -e /etc/postgresql-common ] || [ -n "${left_no_cluster-}" ]; then
        made_no_cluster=yes
        mkdir -p "$clusters"
        printf '# %s\ncreate_main_cluster = false\n' "$mark" >"$no_cluster"
    fi
}

# A service that came with this installation stays off at the next boot, too.
disable_services() {
    for package in "$@"; do
        case $package in
        postgresql)
            # Its service serves all clusters, and some may have been here before.
            if [ -n "${made_no_cluster-}" ]; then switch_off "$package"; fi
            ;;
        redis-server | redis-sentinel | pgbouncer | lighttpd | prometheus) switch_off "$package" ;;
        radosgw) switch_off radosgw ;;
        ceph-mon)
            # Both came with what it needs, unless somebody had Ceph here before.
            if [ -n "${had_no_ceph-}" ]; then
                switch_off ceph-crash
                switch_off rbdmap
            fi
            ;;
        nginx | nginx-light) switch_off nginx ;; # apache2-bin brings no service
        php-fpm) switch_off php8.2-fpm ;;
        pulseaudio) # everybody's, from when they log in
            if command -v systemctl >/dev/null; then
                systemctl --global disable pulseaudio.service pulseaudio.socket
            fi
            ;;
        esac
    done
}

switch_off() {
    if command -v systemctl >/dev/null; then
        systemctl disable "$1.service"
    fi
    if [ -e "/etc/init.d/$1" ]; then update-rc.d "$1" disable; fi
}

# apt-get has a lot to say; it is shown when something went wrong.
quietly() {
    "$@" >"$said" 2>&1 && return 0
    tail -n 20 "$said" >&2
    return 1
}

install_as_root() {
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    said=$(mktemp)
    trap restore EXIT
    trap 'exit 1' HUP INT TERM
    take_turns
    keep_services_off
    quietly apt-get -o DPkg::Lock::Timeout=120 update ||
        fail "apt-get update did not work: is there a network?"
    quietly apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" ||
        fail "apt-get could not install: $*"
    quietly disable_services "$@" ||
        fail "could not switch off the services of what was installed: $*"
}

if [ "${1-}" = --install ]; then
    shift
    install_as_root "$@"
    exit 0
fi

[ $# -gt 0 ] || set -- build run test
for group in "$@"; do
    case $group in
    build | run | demo | test | full | fuzz | static | deb | bench | hosts) ;;
    *) fail "no such group: $group (there are build, run, demo, test, full, fuzz, static, deb, bench and hosts)" ;;
    esac
done

# Package names hold no blanks, so that the lists may be split into words.
# shellcheck disable=SC2046
set -- $(wanted "$@")
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this is not Debian; what is needed, by its Debian names: $*"
fi
# shellcheck disable=SC2046
set -- $(missing "$@")
[ $# -gt 0 ] || exit 0

echo "Installing $# Debian packages: $*"
if [ "$(id -u)" = 0 ]; then
    sh "$0" --install "$@"
elif command -v sudo >/dev/null; then
    sudo true || fail "sudo refused; as root: apt-get install --no-install-recommends $*"
    sudo sh "$0" --install "$@"
else
    fail "neither root nor sudo; as root: apt-get install --no-install-recommends $*"
fi
