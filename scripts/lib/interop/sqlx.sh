# shellcheck shell=bash
# shellcheck disable=SC2154  # The variables of the connection are those of the script that sources this file.
#
# sqlx for scripts that run it beside migrascope: its library in a program of a few lines. Sourced; the connection is in DB_KIND, DB_HOST,
# DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_FILE.

sqlx_databases() { echo postgres mysql sqlite; }

sqlx_program() { echo "$INTEROP_CACHE/sqlx/target/debug/interop-sqlx"; }

# Builds the program once.
sqlx_make() {
    local home="$INTEROP_CACHE/sqlx"
    [[ -x $(sqlx_program) ]] && return 0
    if ! command -v cargo >/dev/null; then
        echo "sqlx: cargo is missing"
        return 3
    fi
    mkdir -p "$home/src"
    cat >"$home/Cargo.toml" <<'TOML'
[package]
name = "interop-sqlx"
version = "0.0.0"
edition = "2021"

[dependencies]
sqlx = { version = "=0.9.0", default-features = false, features = ["runtime-tokio", "postgres", "mysql", "sqlite", "migrate"] }
tokio = { version = "1", features = ["rt", "macros"] }

[profile.dev]
debug = false

[workspace]
TOML
    cat >"$home/src/main.rs" <<'RUST'
use std::collections::BTreeMap;
use std::env::{args, var};
use std::error::Error;
use std::path::Path;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::ConnectOptions;

const TABLE: &str = "_sqlx_migrations";

/// The versions in the table, oldest first, with their checksums; none where there is no table.
async fn applied(connection: &mut impl Migrate) -> BTreeMap<i64, Vec<u8>> {
    let rows = connection.list_applied_migrations(TABLE).await.unwrap_or_default();
    rows.into_iter().map(|row| (row.version, row.checksum.into_owned())).collect()
}

/// Whether every file is applied as it is, every row has its file, and none is dirty.
async fn clean(connection: &mut impl Migrate, files: &Migrator) -> Result<bool, Box<dyn Error>> {
    let expected: BTreeMap<i64, Vec<u8>> = files
        .iter()
        .filter(|file| file.migration_type.is_up_migration())
        .map(|file| (file.version, file.checksum.to_vec()))
        .collect();
    Ok(connection.dirty_version(TABLE).await?.is_none() && applied(connection).await == expected)
}

macro_rules! run {
    ($options:expr, $command:expr, $files:expr) => {{
        let mut connection = $options.connect().await?;
        match $command {
            "up" => $files.run(&mut connection).await?,
            "down" => {
                let before = applied(&mut connection).await.into_keys().rev().nth(1).unwrap_or(0);
                $files.undo(&mut connection, before).await?;
            }
            "applied" => println!("{}", applied(&mut connection).await.len()),
            "clean" => println!("{}", clean(&mut connection, &$files).await?),
            other => return Err(format!("unknown command {other}").into()),
        }
    }};
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = args().collect();
    let files = Migrator::new(Path::new(&words[2])).await?;
    let part = |name: &str| var(name).unwrap_or_default();
    let port = part("DB_PORT").parse().unwrap_or_default();
    match part("DB_KIND").as_str() {
        "sqlite" => {
            let options = SqliteConnectOptions::new().filename(part("DB_FILE")).create_if_missing(true);
            run!(options, words[1].as_str(), files);
        }
        "mysql" => {
            let options = MySqlConnectOptions::new().host(&part("DB_HOST")).port(port).username(&part("DB_USER"));
            let options = options.password(&part("DB_PASSWORD")).database(&part("DB_NAME"));
            run!(options, words[1].as_str(), files);
        }
        _ => {
            let options = PgConnectOptions::new().host(&part("DB_HOST")).port(port).username(&part("DB_USER"));
            let options = options.password(&part("DB_PASSWORD")).database(&part("DB_NAME"));
            run!(options, words[1].as_str(), files);
        }
    }
    Ok(())
}
RUST
    (cd "$home" && cargo build --quiet)
}

sqlx_files() { # DIR FROM TO
    local number
    mkdir -p "$1"
    for ((number = $2; number <= $3; number++)); do
        printf 'CREATE TABLE t%d (id INTEGER);\n' "$number" >"$1/${number}_t$number.up.sql"
        printf 'DROP TABLE t%d;\n' "$number" >"$1/${number}_t$number.down.sql"
    done
}

sqlx_edit() { printf 'CREATE TABLE t%d (id INTEGER, edited INTEGER);\n' "$2" >"$1/${2}_t$2.up.sql"; }

sqlx_lose() { rm "$1/${2}_t$2".{up,down}.sql; }

sqlx_up() { "$(sqlx_program)" up "$1"; }

sqlx_down() { "$(sqlx_program)" down "$1"; }

sqlx_applied() { "$(sqlx_program)" applied "$1"; }

sqlx_clean() { [[ $("$(sqlx_program)" clean "$1") == true ]]; }
