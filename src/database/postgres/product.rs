//! Refuses other servers that speak the PostgreSQL protocol, because their locks, transactions or catalogs differ.

use super::wire::Wire;
use crate::database::{DatabaseError, failure};

/// Markers of such servers in `version()`, and their names.
const PRODUCTS: &[(&str, &str)] = &[
    ("cockroachdb", "CockroachDB"),
    ("-yb-", "YugabyteDB"),
    ("yugabyte", "YugabyteDB"),
    ("redshift", "Amazon Redshift"),
    ("greenplum", "Greenplum"),
    ("cloudberry", "Apache Cloudberry"),
    ("materialize", "Materialize"),
    ("risingwave", "RisingWave"),
    ("cratedb", "CrateDB"),
    ("questdb", "QuestDB"),
    ("opengauss", "openGauss"),
    ("gaussdb", "GaussDB"),
    ("kingbase", "KingbaseES"),
    ("duckdb", "DuckDB"),
];

/// Refuses servers other than PostgreSQL: by name where the version contains a marker, otherwise where it does not have PostgreSQL's form.
pub(super) fn supported(version: &str) -> Result<(), DatabaseError> {
    let lower = version.to_ascii_lowercase();
    if let Some((_, product)) = PRODUCTS.iter().find(|(mark, _)| lower.contains(mark)) {
        return Err(failure::unsupported(product, version));
    }
    // Every build of PostgreSQL reports its version number and its compiler.
    let number = lower.strip_prefix("postgresql ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match number && lower.contains("compiled by") {
        true => Ok(()),
        false => Err(failure::unsupported("a server that is not PostgreSQL", version)),
    }
}

/// The reason why the first query to a server failed. Another product may lack PostgreSQL's functions, but reports its version.
pub(super) async fn behind(wire: &mut Wire, error: DatabaseError) -> DatabaseError {
    // Use the search path only if this schema does not exist, which means that the server is not PostgreSQL.
    let version = match wire.plain("SELECT pg_catalog.version()").await {
        Ok(rows) => Ok(rows),
        Err(_) => wire.in_path("SELECT version()").await,
    };
    let version = version.ok().and_then(|mut rows| rows.pop()?.pop()?);
    version.and_then(|version| supported(&version).err()).unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::ErrorKind;

    #[test]
    fn postgresql_and_its_builds_are_supported() {
        for version in [
            "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit",
            "PostgreSQL 16.1 on aarch64-unknown-linux-musl, compiled by gcc (Alpine 13.2.1) 13.2.1, 64-bit",
            "PostgreSQL 16.3, compiled by Visual C++ build 1938, 64-bit",
            "PostgreSQL 18beta1 on x86_64-windows, compiled by msvc-19.40.33813, 64-bit",
            "PostgreSQL 15.4 (EnterpriseDB Advanced Server 15.4.0) on x86_64-pc-linux-gnu, compiled by gcc, 64-bit",
        ] {
            assert_eq!(supported(version), Ok(()), "{version}");
        }
    }

    #[test]
    fn others_are_refused_by_name() {
        for (version, product) in [
            ("CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27, go1.19.10)", "CockroachDB"),
            (
                "PostgreSQL 11.2-YB-2.20.1.3-b0 on x86_64-pc-linux-gnu, compiled by clang version 16.0.6, 64-bit",
                "YugabyteDB",
            ),
            (
                "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.61678",
                "Amazon Redshift",
            ),
            (
                "PostgreSQL 12.12 (Greenplum Database 7.0.0 build commit:0a7a3566) on x86_64, compiled by gcc",
                "Greenplum",
            ),
            ("PostgreSQL 9.5.0 on x86_64-unknown-linux-gnu (materialized 0.26.1)", "Materialize"),
            ("PostgreSQL 13.14.0-RisingWave-2.0.0 (abc)", "RisingWave"),
            ("CrateDB 5.7.2 (built 7b1e2b3)", "CrateDB"),
            ("(openGauss 5.0.0 build a07d57c3) compiled at 2023-03-29", "openGauss"),
            ("PostgreSQL 16", "a server that is not PostgreSQL"),
            ("SomethingNew 1.0 compiled by nobody we know", "a server that is not PostgreSQL"),
            ("", "a server that is not PostgreSQL"),
        ] {
            let error = supported(version).expect_err(version);
            assert_eq!(error.kind, ErrorKind::Unsupported);
            assert!(error.message.starts_with(product), "{version}: {}", error.message);
        }
    }
}
