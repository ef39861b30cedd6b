#!/bin/sh
# Apache starts this; the program and its settings lie outside the folder of pages.
home=$(cd "$(dirname "$0")/../tapedeck" && pwd) || exit 1
exec "$home/tapedeck.fcgi"
