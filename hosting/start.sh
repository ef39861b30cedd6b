#!/bin/sh
# Starts the program of this name with the loader and the libraries that lie in lib/: those of the host
# may be older.
own=$(readlink -f "$0")
TAPEDECK_FOLDER=${own%/*}
# Whom the host trusts: Debian's place is known; Red Hat's, SUSE's and Alpine's are not.
for file in ${SSL_CERT_FILE+"$SSL_CERT_FILE"} /etc/ssl/certs/ca-certificates.crt \
    /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem; do
    if [ -r "$file" ]; then break; fi
done
SSL_CERT_FILE=$file
export TAPEDECK_FOLDER SSL_CERT_FILE
lib=$TAPEDECK_FOLDER/lib
exec "$lib/ld.so" --inhibit-cache --library-path "$lib" --argv0 "$own" "$lib/${own##*/}" "$@"
