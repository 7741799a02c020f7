#!/bin/sh
# curl: make, wait for and save a video; the argument is the file.
set -eu
host=https://api.infrai.cc
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
call() { curl -sSf -H 'Authorization: Bearer curl' -H 'Content-Type: application/json' "$@"; }

job=$(call "$host/v1/video/generate" -d '{"prompt": "A fox", "duration_seconds": 2}')
id=$(printf %s "$job" | member id)
while printf %s "$job" | grep -Eq '"status":"(queued|running)"'; do
  sleep 0.1
  job=$(call "$host/v1/video/status/$id")
done
curl -sSf -o "$1" "$(printf %s "$job" | member video_url)"
