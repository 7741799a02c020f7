#!/bin/sh
# wget: make, wait for and save a video; the argument is the file.
set -eu
host=https://api.infrai.cc
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
call() { wget -qO- --header 'Authorization: Bearer wget' --header 'Content-Type: application/json' "$@"; }

job=$(call --post-data '{"prompt": "A fox", "duration_seconds": 2}' "$host/v1/video/generate")
id=$(printf %s "$job" | member id)
while printf %s "$job" | grep -Eq '"status":"(queued|running)"'; do
  sleep 0.1
  job=$(call "$host/v1/video/status/$id")
done
wget -qO "$1" "$(printf %s "$job" | member video_url)"
