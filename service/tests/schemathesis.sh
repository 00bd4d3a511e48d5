#!/usr/bin/env bash
# Tests the service against its OpenAPI document with a pinned schemathesis, on a temporary MongoDB.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=4.32.5
tools=$PWD/.tools/schemathesis-$version
target=${CARGO_TARGET_DIR:-target}
directory=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$directory"
}
trap finish EXIT

if [ ! -x "$tools/bin/schemathesis" ]; then
  echo "installing schemathesis $version into .tools" >&2
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
fi

# The sandbox's MongoDB, without authentication: this is a test of HTTP.
mongod=${SANDBOX_MONGOD:-$(cargo run --quiet --locked --bin sandbox -- binaries | awk '/mongod/ { print $NF }')}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
database_port=$(free_port)
port=$(free_port)
mkdir "$directory/data"
"$mongod" --dbpath "$directory/data" --bind_ip 127.0.0.1 --port "$database_port" --wiredTigerCacheSizeGB 0.25 >"$directory/mongod.log" &
pids+=($!)
MONGODB_URI=mongodb://127.0.0.1:$database_port/ LISTEN_ADDRESS=127.0.0.1:$port DRAIN_SECONDS=0 LOG_LEVEL=error \
  "$target/debug/service" >"$directory/service.log" &
pids+=($!)
for _ in $(seq 200); do
  curl -fs "http://127.0.0.1:$port/readyz" >/dev/null && break
  sleep 0.1
done

configuration=$PWD/service/tests/schemathesis.toml
cd "$directory"
"$tools/bin/schemathesis" --config-file "$configuration" run "http://127.0.0.1:$port/openapi.json" --checks all --mode all --max-examples 40 --seed 1 \
  --no-color --request-timeout 10 "$@"

# No request may cause an internal error.
if grep '"level":"ERROR"' "$directory/service.log"; then exit 1; fi
