# Makes or mends the users of the database over its volume, before every start of the database.
#
# A private mongod without authentication, which only this pod can reach, serves the volume meanwhile. Whatever kills this
# script, the next start begins again.
set -euo pipefail

data=${DATA_DIRECTORY:-/data/db}
temporary=${TEMPORARY_DIRECTORY:-/tmp}
port=${PORT:-27017}
export HOME="$temporary"

mongod --fork --bind_ip 127.0.0.1 --port "$port" --unixSocketPrefix "$temporary" --dbpath "$data" \
  --logpath "$temporary/users.log" --pidfilepath "$temporary/users.pid" --wiredTigerCacheSizeGB 0.25 \
  >"$temporary/users.out" 2>&1 || {
  cat "$temporary/users.out" "$temporary/users.log" >&2
  exit 1
}
trap 'mongod --shutdown --dbpath "$data" >/dev/null' EXIT
mongosh --quiet --norc "mongodb://127.0.0.1:$port/admin" --file "$(dirname "$0")/users.js"
