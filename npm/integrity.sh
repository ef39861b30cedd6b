#!/bin/sh
# A file's hash as an `integrity` attribute has it (Subresource Integrity, W3C): sh npm/integrity.sh FILE
set -eu

hex=$(sha384sum "$1" | cut -d ' ' -f 1 | sed 's/../\\x&/g')
printf 'sha384-%s\n' "$(/usr/bin/env printf "$hex" | base64 -w 0)"
