#!/usr/bin/env bash
# A stand-in for an application: it needs the table that the migrations create, and ends if the table does not exist.
set -euo pipefail
trap 'exit 0' TERM

while true; do
    psql --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$DATABASE_URL" <<'SQL'
INSERT INTO users (email) VALUES (substr(gen_random_uuid()::text, 1, 8) || '@example.com');
SELECT 'users: ' || count(*) FROM users;
SQL
    sleep 5 &
    wait $!
done
