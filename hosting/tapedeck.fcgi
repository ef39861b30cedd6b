#!/bin/sh
# Apache starts this; the program and its settings lie outside the folder of pages. On a host that
# lacks some of our libraries, they may be put into lib/ beside the program.
home=$(cd "$(dirname "$0")/../tapedeck" && pwd) || exit 1
[ ! -d "$home/lib" ] || export LD_LIBRARY_PATH="$home/lib"
exec "$home/tapedeck.fcgi"
