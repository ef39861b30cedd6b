#!/bin/sh
# Makes one tarball of everything that a host without our libraries needs:
#
#   bundle.sh FOLDER_OF_PROGRAMS NAME        makes NAME.tar.gz beside that folder
#
# The programs look for libraries in lib/ beside themselves. The C library is the host's own.
set -eu

programs=$1 name=$2
root=$(cd "$(dirname "$0")/.." && pwd)
place=$(dirname "$programs")/$name
rm -rf "$place" "$place.tar.gz"
mkdir -p "$place/lib/licences"

for program in tapedeck tapedeck-decoder tapedeck.fcgi; do
    cp "$programs/$program" "$place/"
    strip "$place/$program"
done
cp -R "$root/web" "$root/hosting" "$root/LICENSE" "$place/"
cp "$root/docs/install-shared-hosting.md" "$place/README.md"
rm "$place/hosting/bundle.sh"

# Whatever glibc brings must be of one piece with the host's loader.
of_glibc='^(ld-linux.*|libc|libm|libdl|librt|libpthread|libresolv|libutil|libnss_.*)\.so'
ldd "$place"/tapedeck* | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
    while read -r library; do
        file=$(basename "$library")
        if ! echo "$file" | grep -Eq "$of_glibc"; then
            cp -L "$library" "$place/lib/$file"
            package=$(dpkg -S "$(readlink -f "$library")" 2>/dev/null | sed 's/:.*//;q')
            licence=/usr/share/doc/${package:-none}/copyright
            [ ! -e "$licence" ] || cp -L "$licence" "$place/lib/licences/$package"
        fi
    done

tar -C "$(dirname "$place")" --owner=0 --group=0 -czf "$place.tar.gz" "$name"
echo "$place.tar.gz"
