#!/bin/bash
# Does what the official image of PostgreSQL does, as far as docker-compose.yml needs it: scripts/try-image has no such image.
set -euo pipefail

if [[ $1 != postgres ]]; then
    exec "$@"
fi

data=/var/lib/postgresql/data
as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups --)
export POSTGRES_USER=${POSTGRES_USER:-postgres}
chown postgres:postgres "$data"
printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password
chmod 644 /tmp/password
"${as_postgres[@]}" initdb --pgdata="$data" --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust \
    --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"

# Scripts run while the server listens on its socket only, so that nobody finds it before it is ready.
"${as_postgres[@]}" postgres -D "$data" -c listen_addresses='' -c unix_socket_directories=/run/postgresql &
server=$!
export PGHOST=/run/postgresql
until pg_isready --quiet; do sleep 0.1; done
psql --quiet --username "$POSTGRES_USER" --dbname postgres --command "CREATE DATABASE $POSTGRES_DB"
for script in /docker-entrypoint-initdb.d/*.sh; do
    "${as_postgres[@]}" bash "$script"
done
kill -INT "$server"
wait "$server"
exec "${as_postgres[@]}" "$@" -D "$data" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
