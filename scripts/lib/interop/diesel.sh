# shellcheck shell=bash
# diesel_migrations for scripts that run it beside migrascope: its library in a program of a few lines. Sourced; the connection is in
# DB_KIND, DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_FILE.

# PostgreSQL needs the headers of libpq.
diesel_databases() {
    if command -v pg_config >/dev/null; then echo postgres sqlite; else echo sqlite; fi
}

diesel_program() { echo "$INTEROP_CACHE/diesel/target/debug/interop-diesel"; }

# Builds the program once.
diesel_make() {
    local home="$INTEROP_CACHE/diesel" features=()
    [[ -x $(diesel_program) ]] && return 0
    if ! command -v cargo >/dev/null; then
        echo "diesel: cargo is missing"
        return 3
    fi
    if [[ $(diesel_databases) == *postgres* ]]; then features=(--features postgres); fi
    mkdir -p "$home/src"
    cat >"$home/Cargo.toml" <<'TOML'
[package]
name = "interop-diesel"
version = "0.0.0"
edition = "2021"

[features]
postgres = ["diesel/postgres"]

[dependencies]
diesel = { version = "=2.3.14", default-features = false, features = ["sqlite"] }
diesel_migrations = "=2.3.2"
libsqlite3-sys = { version = "=0.38.2", features = ["bundled"] }

[workspace]
TOML
    cat >"$home/src/main.rs" <<'RUST'
use std::env::{args, var};
use std::error::Error;

use diesel::migration::MigrationSource;
use diesel::sqlite::SqliteConnection;
use diesel::Connection;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

fn run<C>(mut connection: C, command: &str, files: FileBasedMigrations) -> Result<(), Box<dyn Error>>
where
    C: MigrationHarness<C::Backend> + Connection,
    FileBasedMigrations: MigrationSource<C::Backend>,
{
    let ours = |error: Box<dyn Error + Send + Sync>| error.to_string();
    match command {
        "up" => {
            let applied = connection.run_pending_migrations(files).map_err(ours)?;
            applied.iter().for_each(|version| println!("applied {version}"));
        }
        "down" => println!("reverted {}", connection.revert_last_migration(files).map_err(ours)?),
        "applied" => println!("{}", connection.applied_migrations().map_err(ours)?.len()),
        "pending" => println!("{}", connection.has_pending_migration(files).map_err(ours)?),
        other => return Err(format!("unknown command {other}").into()),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = args().collect();
    let files = FileBasedMigrations::from_path(&words[2])?;
    match var("DB_KIND")?.as_str() {
        "sqlite" => run(SqliteConnection::establish(&var("DB_FILE")?)?, &words[1], files),
        #[cfg(feature = "postgres")]
        "postgres" => {
            let part = |name: &str| var(name).unwrap_or_default();
            let url = format!(
                "host={} port={} user={} password='{}' dbname={}",
                part("DB_HOST"), part("DB_PORT"), part("DB_USER"), part("DB_PASSWORD"), part("DB_NAME"),
            );
            run(diesel::pg::PgConnection::establish(&url)?, &words[1], files)
        }
        other => Err(format!("not built for {other}").into()),
    }
}
RUST
    (cd "$home" && cargo build --quiet "${features[@]}")
}

diesel_folder() { printf '2024-01-01-%06d_t%d' "$1" "$1"; }

diesel_files() {
    local number folder
    for ((number = $2; number <= $3; number++)); do
        folder="$1/$(diesel_folder "$number")"
        mkdir -p "$folder"
        printf 'CREATE TABLE t%d (id INTEGER);\n' "$number" >"$folder/up.sql"
        printf 'DROP TABLE t%d;\n' "$number" >"$folder/down.sql"
    done
}

diesel_edit() {
    printf 'CREATE TABLE t%d (id INTEGER, edited INTEGER);\n' "$2" >"$1/$(diesel_folder "$2")/up.sql"
}

diesel_lose() { rm -r "${1:?}/$(diesel_folder "$2")"; }

diesel_up() { "$(diesel_program)" up "$1"; }

diesel_down() { "$(diesel_program)" down "$1"; }

diesel_applied() { "$(diesel_program)" applied "$1"; }

diesel_clean() { [[ $("$(diesel_program)" pending "$1") == false ]]; }
