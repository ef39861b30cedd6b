#!/bin/sh
# Makes one tarball of everything that a host without our libraries needs:
#
#   bundle.sh FOLDER_OF_PROGRAMS NAME        makes NAME.tar.gz in that folder
#
# Programs, libraries and their loader are in lib/, so that the host's C library may be older than the
# one of this machine; what has a program's name is the script that starts it.
set -eu

programs=$1 name=$2
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
place=$work/$name
mkdir -p "$place/lib/licences"

keep() {
    cp -L "$1" "$place/lib/$2"
    package=$(dpkg -S "$(readlink -f "$1")" 2>/dev/null | sed 's/:.*//;q')
    licence=/usr/share/doc/${package:-none}/copyright
    [ ! -e "$licence" ] || cp -L "$licence" "$place/lib/licences/$package"
}

for program in tapedeck tapedeck-decoder tapedeck.fcgi; do
    install -m 755 "$root/hosting/start.sh" "$place/$program"
    strip -o "$place/lib/$program" "$programs/$program"
done
cp -R "$root/web" "$root/hosting" "$root/LICENSE" "$place/"
cp "$root/docs/install-shared-hosting.md" "$place/README.md"
rm "$place/hosting/bundle.sh" "$place/hosting/start.sh"

ldd "$place"/lib/tapedeck* | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
    while read -r library; do
        keep "$library" "$(basename "$library")"
    done
# Neither is named by a program: what loads it all, and what glibc loads when a thread is ended.
keep "$(ldd "$place/lib/tapedeck" | sed -n 's,^\t\(/[^ ]*\) (.*,\1,p')" ld.so
keep "$("${CC:-gcc}" -print-file-name=libgcc_s.so.1)" libgcc_s.so.1

# In one step: somebody may be unpacking the last one.
tar -C "$work" --owner=0 --group=0 -czf "$programs/$name.$$" "$name"
mv "$programs/$name.$$" "$programs/$name.tar.gz"
echo "$programs/$name.tar.gz"
