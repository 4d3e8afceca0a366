#!/usr/bin/env bash
# Runs once, when the shop's database is created: the roles of deploy/grants/postgres.sql, with passwords for local use only.
set -euo pipefail

psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname shop --file /grants/postgres.sql
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname shop <<'SQL'
ALTER ROLE shop_migrator PASSWORD 'migrator';
ALTER ROLE shop_app PASSWORD 'app';
ALTER ROLE shop_looker PASSWORD 'looker';
SQL
