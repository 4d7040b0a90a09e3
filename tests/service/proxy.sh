#!/usr/bin/env bash
# A service behind a proxy that speaks TLS: answers, events, a stream that is not held back, and names that are refused.
#
#   proxy.sh EVENFIELD
set -euo pipefail
evenfield=$1 here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
cd "$dir"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$dir"' EXIT

"$evenfield" replay too-thin-to-say -q >/dev/null
read -r writer < <("$evenfield" token new gateway --role record -q)
read -r reader < <("$evenfield" token new board --role read -q)
"$evenfield" serve --bind 127.0.0.1:0 --allow-ingest --host video.example.org -q >address &
for _ in $(seq 300); do [ -s address ] && break; sleep 0.1; done
plain=$(sed -n 's|.*:\([0-9]*\)/$|\1|p' address)
tls=$((plain > 40000 ? plain - 1000 : plain + 1000))

openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=video.example.org -addext subjectAltName=DNS:video.example.org \
    -keyout key.pem -out cert.pem 2>/dev/null
sed "s|<dir>|$dir|g; s|<plain>|$plain|g; s|<tls>|$tls|g" "$here/nginx.conf" >nginx.conf
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" &
ask() {
    curl -s --max-time 30 --cacert cert.pem --resolve "video.example.org:$tls:127.0.0.1" "$@"
}
at="https://video.example.org:$tls"
for _ in $(seq 300); do ask -o /dev/null "$at/healthz" && break; sleep 0.1; done

expect() {
    local want=$1 told
    shift
    told=$(ask -o answer -w '%{http_code}' "$@")
    if [ "$told" != "$want" ]; then
        echo "$* gave $told where $want was expected:" && cat answer && exit 1
    fi
}
expect 401 "$at/v1/comparisons"
expect 200 -H "Authorization: Bearer $reader" "$at/v1/comparisons"
expect 200 -u "board:$reader" "$at/"
# The stream is handed on as it comes: what is posted while it is open is seen before it is closed.
ask -N -H "Authorization: Bearer $reader" "$at/v1/stream" >stream &
sleep 1
event='{"specversion":"1.0","id":"e-1","source":"urn:example:ward","type":"evenfield.consultation.completed.v1","subject":"c-1","time":"2026-03-01T09:00:00Z","data":{}}'
expect 201 -H "Authorization: Bearer $writer" -H "Content-Type: application/cloudevents+json" -d "$event" "$at/v1/events"
for _ in $(seq 50); do
    if grep -q '"id":"e-1"' stream; then break; fi
    sleep 0.1
done
grep -q '"id":"e-1"' stream || { echo "the stream was held back" && exit 1; }
# Whoever reaches the service by another name is not answered.
told=$(curl -s -o answer -w '%{http_code}' -H "Host: elsewhere.example" "http://127.0.0.1:$plain/healthz")
[ "$told" = 403 ] || { echo "another name gave $told" && exit 1; }
echo "behind a proxy: answers, events and streams hold"
