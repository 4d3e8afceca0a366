# shellcheck shell=bash
# Drizzle for the matrix of tools: installs its migrators, writes its files, runs them. The connection is in DB_KIND, DB_HOST, DB_PORT, DB_USER,
# DB_PASSWORD, DB_NAME and DB_FILE. DRIZZLE_FORM is "journal" for version 0.45, the default, or "folders" for version 1.0.

DRIZZLE_VERSION=0.45.4
DRIZZLE_NEXT_VERSION=1.0.0-rc.5

drizzle_databases() {
  echo postgres mysql sqlite
}

# Installs both versions with the drivers if they are not there. Returns 3 if npm is not found.
drizzle_make() {
  local cache=$INTEROP_CACHE/drizzle
  if [ ! -d "$cache/node_modules/drizzle-next" ]; then
    command -v npm > /dev/null || { echo "drizzle: npm is not found" >&2; return 3; }
    mkdir -p "$cache"
    npm install --silent --no-audit --no-fund --prefix "$cache" "drizzle-orm@$DRIZZLE_VERSION" \
      "drizzle-next@npm:drizzle-orm@$DRIZZLE_NEXT_VERSION" pg@8 mysql2@3 better-sqlite3@12 || return
  fi
  drizzle_program > "$cache/drizzle.mjs"
}

# Prints the program that runs the migrator. Drizzle has no status: the other commands read its table as its migrator does.
drizzle_program() {
  cat << 'END'
import fs from 'node:fs';
const { DB_KIND, DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_FILE, DRIZZLE_FORM } = process.env;
const [command, migrationsFolder] = process.argv.slice(2);
const folders = DRIZZLE_FORM === 'folders';
const orm = folders ? 'drizzle-next' : 'drizzle-orm';
const login = { host: DB_HOST, port: Number(DB_PORT), user: DB_USER, password: DB_PASSWORD, database: DB_NAME };
let db, migrator, query, end;
if (DB_KIND === 'postgres') {
  const client = new (await import('pg')).default.Client(login);
  await client.connect();
  db = (await import(`${orm}/node-postgres`)).drizzle(folders ? { client } : client);
  migrator = await import(`${orm}/node-postgres/migrator`);
  query = async (text) => (await client.query(text)).rows;
  end = () => client.end();
} else if (DB_KIND === 'mysql') {
  const client = await (await import('mysql2/promise')).default.createConnection(login);
  db = (await import(`${orm}/mysql2`)).drizzle(folders ? { client } : client);
  migrator = await import(`${orm}/mysql2/migrator`);
  query = async (text) => (await client.query(text))[0];
  end = () => client.end();
} else {
  const client = new (await import('better-sqlite3')).default(DB_FILE);
  db = (await import(`${orm}/better-sqlite3`)).drizzle(folders ? { client } : client);
  migrator = await import(`${orm}/better-sqlite3/migrator`);
  query = async (text) => client.prepare(text).all();
  end = async () => client.close();
}
const table = DB_KIND === 'postgres' ? 'drizzle.__drizzle_migrations' : '__drizzle_migrations';
async function applied() {
  try {
    return await query(`SELECT * FROM ${table}`);
  } catch (error) {
    if (/does not exist|doesn't exist|no such table/.test(error.message)) return [];
    throw error;
  }
}
async function clean() {
  const { readMigrationFiles } = await import(`${orm}/migrator`);
  const files = readMigrationFiles({ migrationsFolder });
  const rows = await applied();
  const names = new Set(rows.map((row) => row.name));
  const last = rows.length ? Math.max(...rows.map((row) => Number(row.created_at))) : -1;
  const pending = files.filter((file) => (folders ? !names.has(file.name) : file.folderMillis > last));
  if (pending.length) throw new Error(`${pending.length} migrations are pending`);
  await migrator.migrate(db, { migrationsFolder });
}
try {
  if (command === 'up') await migrator.migrate(db, { migrationsFolder });
  if (command === 'applied') console.log((await applied()).length);
  if (command === 'clean') await clean();
} catch (error) {
  console.error(error.message, error.cause?.message ?? '');
  process.exitCode = 1;
}
await end();
END
}

# Writes migrations FROM..TO.
drizzle_files() { # DIR FROM TO
  local number file entries=""
  mkdir -p "$1/meta"
  for number in $(seq "$2" "$3"); do
    mkdir -p "$(dirname "$(drizzle_file "$1" "$number")")"
    printf 'CREATE TABLE t%s (id INTEGER);\n' "$number" > "$(drizzle_file "$1" "$number")"
  done
  if [ "${DRIZZLE_FORM:-journal}" = folders ]; then
    rmdir "$1/meta"
    return
  fi
  # What has been lost stays lost, and what is late comes late: the journal lists the files that there are.
  for file in "$1"/*.sql; do
    number=${file##*_t} number=${number%.sql}
    entries+="${entries:+,}{\"idx\":$number,\"version\":\"7\",\"when\":$((1760000000000 + number)),\"tag\":\"$(printf '%04d_t%s' "$number" "$number")\",\"breakpoints\":true}"
  done
  printf '{"version":"7","dialect":"%s","entries":[%s]}\n' "${DB_KIND/postgres/postgresql}" "$entries" > "$1/meta/_journal.json"
}

drizzle_file() { # DIR N
  case ${DRIZZLE_FORM:-journal} in
    folders) printf '%s/202401010000%02d_t%s/migration.sql' "$1" "$2" "$2" ;;
    *) printf '%s/%04d_t%s.sql' "$1" "$2" "$2" ;;
  esac
}

drizzle_edit() { # DIR N
  local file
  file=$(drizzle_file "$1" "$2")
  sed 's/id INTEGER/id INTEGER, more INTEGER/' "$file" > "$file.new"
  mv "$file.new" "$file"
}

# Removes a migration, from the journal as well: Drizzle refuses a journal with a file that does not exist.
drizzle_lose() { # DIR N
  local file journal=$1/meta/_journal.json
  file=$(drizzle_file "$1" "$2")
  rm "$file"
  [ -f "$journal" ] || { rmdir "$(dirname "$file")"; return; }
  sed -E "s/\\{\"idx\":$2,[^}]*\\},?//; s/,\\]/]/" "$journal" > "$journal.new"
  mv "$journal.new" "$journal"
}

drizzle_run() { # COMMAND DIR
  DRIZZLE_FORM=${DRIZZLE_FORM:-journal} node "$INTEROP_CACHE/drizzle/drizzle.mjs" "$1" "$2"
}

drizzle_up() { # DIR
  drizzle_run up "$1"
}

drizzle_down() { # DIR
  return 3
}

drizzle_applied() { # DIR
  drizzle_run applied "$1"
}

# Succeeds if Drizzle has nothing to apply and refuses nothing.
drizzle_clean() { # DIR
  drizzle_run clean "$1"
}
