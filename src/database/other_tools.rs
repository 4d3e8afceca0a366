//! The history tables of other tools, for more helpful messages.

/// History tables of other tools. One that is missing here is treated like any other table.
const HISTORIES: [(&str, &str); 16] = [
    ("_prisma_migrations", "Prisma"),
    ("_sqlx_migrations", "sqlx"),
    ("flyway_schema_history", "Flyway"),
    ("goose_db_version", "goose"),
    ("schema_migrations", "golang-migrate, dbmate or Rails"),
    ("refinery_schema_history", "refinery"),
    ("__diesel_schema_migrations", "diesel"),
    ("__drizzle_migrations", "Drizzle"),
    ("gorp_migrations", "sql-migrate"),
    ("schema_version", "tern or an old Flyway"),
    ("alembic_version", "Alembic"),
    ("django_migrations", "Django"),
    ("databasechangelog", "Liquibase"),
    ("knex_migrations", "Knex"),
    ("__EFMigrationsHistory", "Entity Framework"),
    ("play_evolutions", "Play"),
];

/// The first table that is known as a history table, and the tool that it belongs to.
#[must_use]
pub fn other_history(tables: &[String]) -> Option<(&str, &'static str)> {
    tables.iter().find_map(|table| {
        let name = table.rsplit('.').next().unwrap_or(table);
        let (_, tool) = HISTORIES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known))?;
        Some((table.as_str(), *tool))
    })
}
