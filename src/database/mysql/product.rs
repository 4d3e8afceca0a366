//! Refuses other servers that speak the MySQL protocol, because their locks, transactions or catalogs differ.

use crate::database::{DatabaseError, failure};

/// Markers of such servers in `version()` or `@@version_comment`, and their names.
const PRODUCTS: &[(&str, &str)] = &[
    ("tidb", "TiDB"),
    ("vitess", "Vitess"),
    ("planetscale", "PlanetScale"),
    ("singlestore", "SingleStore"),
    ("memsql", "SingleStore"),
    ("oceanbase", "OceanBase"),
    ("starrocks", "StarRocks"),
    ("doris", "Apache Doris"),
    ("clickhouse", "ClickHouse"),
    ("dolt", "Dolt"),
    ("matrixone", "MatrixOne"),
    ("databend", "Databend"),
    ("greptime", "GreptimeDB"),
    ("manticore", "Manticore Search"),
    ("questdb", "QuestDB"),
];

/// Refuses known servers other than MySQL and MariaDB by name. A lock that does not exclude other sessions is detected when it is acquired.
pub(super) fn supported(version: &str, comment: &str) -> Result<(), DatabaseError> {
    let text = format!("{version} {comment}");
    let lower = text.to_ascii_lowercase();
    match PRODUCTS.iter().find(|(mark, _)| lower.contains(mark)) {
        Some((_, product)) => Err(failure::unsupported(product, text.trim())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_known_by_its_version_or_its_comment() {
        for (version, comment) in [
            ("8.0.36", "MySQL Community Server - GPL"),
            ("9.7.4", "(Debian)"),
            ("10.11.14-MariaDB-0+deb12u2", "Debian 12"),
            ("8.0.35-27", "Percona Server (GPL), Release 27"),
            ("8.0.28", "Source distribution"),
        ] {
            assert_eq!(supported(version, comment), Ok(()), "{version}");
        }
        for (version, comment, product) in [
            ("8.0.11-TiDB-v7.5.0", "TiDB Server (Apache License 2.0) Community Edition", "TiDB"),
            ("8.0.30-Vitess", "Version: 19.0.0", "Vitess"),
            (
                "5.7.32",
                "SingleStoreDB source distribution (compatible; MySQL Enterprise & MySQL Commercial)",
                "SingleStore",
            ),
            ("5.7.25-OceanBase-v4.2.1.0", "OceanBase 4.2.1.0", "OceanBase"),
            ("8.0.33", "StarRocks version 3.3.0", "StarRocks"),
            ("5.7.99", "Doris version doris-2.1.0", "Apache Doris"),
            ("8.0.33", "Dolt", "Dolt"),
        ] {
            let error = supported(version, comment).expect_err(version);
            assert!(error.message.starts_with(product), "{}", error.message);
        }
    }
}
