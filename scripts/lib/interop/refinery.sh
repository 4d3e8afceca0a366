# shellcheck shell=bash
# refinery for scripts that run it beside migrascope: its library in a program of a few lines. Sourced; the connection is in DB_KIND,
# DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_FILE.

refinery_databases() { echo postgres sqlite; }

refinery_program() { echo "$INTEROP_CACHE/refinery/target/debug/interop-refinery"; }

# Builds the program once.
refinery_make() {
    local home="$INTEROP_CACHE/refinery"
    [[ -x $(refinery_program) ]] && return 0
    if ! command -v cargo >/dev/null; then
        echo "refinery: cargo is missing"
        return 3
    fi
    mkdir -p "$home/src"
    cat >"$home/Cargo.toml" <<'TOML'
[package]
name = "interop-refinery"
version = "0.0.0"
edition = "2021"

[dependencies]
refinery = { version = "=0.9.2", features = ["rusqlite-bundled", "postgres"] }

[workspace]
TOML
    cat >"$home/src/main.rs" <<'RUST'
use std::env::{args, var};

use refinery::config::{Config, ConfigDbType};
use refinery::{load_sql_migrations, Runner};

fn config() -> Config {
    let set = |name: &str| var(name).unwrap_or_default();
    match set("DB_KIND").as_str() {
        "sqlite" => Config::new(ConfigDbType::Sqlite).set_db_path(&set("DB_FILE")),
        _ => Config::new(ConfigDbType::Postgres)
            .set_db_host(&set("DB_HOST"))
            .set_db_port(&set("DB_PORT"))
            .set_db_user(&set("DB_USER"))
            .set_db_pass(&set("DB_PASSWORD"))
            .set_db_name(&set("DB_NAME")),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = args().collect();
    let (command, directory) = (&words[1], &words[2]);
    let migrations = load_sql_migrations(directory)?;
    let (mut config, runner) = (config(), Runner::new(&migrations));
    match command.as_str() {
        "up" => {
            let report = runner.run(&mut config)?;
            report.applied_migrations().iter().for_each(|migration| println!("applied {migration}"));
        }
        "applied" => println!("{}", runner.get_applied_migrations(&mut config)?.len()),
        other => return Err(format!("unknown command {other}").into()),
    }
    Ok(())
}
RUST
    (cd "$home" && cargo build --quiet)
}

refinery_files() {
    local number
    mkdir -p "$1"
    for ((number = $2; number <= $3; number++)); do
        printf 'CREATE TABLE t%d (id INTEGER);\n' "$number" >"$1/V${number}__t$number.sql"
    done
}

refinery_edit() { printf 'CREATE TABLE t%d (id INTEGER, edited INTEGER);\n' "$2" >"$1/V${2}__t$2.sql"; }

refinery_lose() { rm "$1/V${2}__t$2.sql"; }

# Runs the program, which does not create a SQLite database.
refinery_run() {
    if [[ $DB_KIND == sqlite ]]; then touch "$DB_FILE"; fi
    "$(refinery_program)" "$@"
}

refinery_up() { refinery_run up "$1"; }

# refinery reverts nothing.
refinery_down() { return 3; }

refinery_applied() { refinery_run applied "$1"; }

# It has no command that only shows what is pending, so the rows are counted before it says that there is nothing to do.
refinery_clean() {
    local files
    files=$(find "$1" -name '*.sql' | wc -l)
    [[ $(refinery_applied "$1") == "$files" && -z $(refinery_up "$1" 2>&1) ]]
}
