//! Every PostgreSQL URL parameter of libpq, JDBC, Go, Node, Prisma, SQLAlchemy, Rails and sqlx.

use crate::database::url::{Ask, Entry, Meaning};

/// The setting of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Host,
    HostAddress,
    Port,
    User,
    Password,
    Database,
    Tls(Ask),
    RootCertificate,
    Certificate,
    /// The private key of the certificate.
    Secret,
    Application,
    /// Settings in the syntax of the server's command line.
    Options,
    /// One schema, as a plain name.
    Schema,
    /// Schemas as plain names, separated by commas.
    Schemas,
    /// A value for the server's `search_path`, with quotes.
    SearchPath,
    /// A setting of the server.
    Setting(&'static str),
    LockTimeout,
    ConnectTimeout,
    ConnectTimeoutMillis,
    ServerKind,
    Service,
    ServiceFile,
}

use Meaning::{NoEffect, Only, Refused, Sets};

pub(super) const TABLE: &[Entry<Key>] = &[
    (&["host"], Sets(Key::Host)),
    (&["hostaddr"], Sets(Key::HostAddress)),
    (&["port"], Sets(Key::Port)),
    (&["user", "username"], Sets(Key::User)),
    (&["password"], Sets(Key::Password)),
    (&["dbname", "database"], Sets(Key::Database)),
    (&["sslmode"], Sets(Key::Tls(Ask::Mode))),
    (&["ssl", "usessl"], Sets(Key::Tls(Ask::Switch))),
    (&["tls"], Sets(Key::Tls(Ask::Tls))),
    (&["requiressl"], Sets(Key::Tls(Ask::Require))),
    (&["verifyServerCertificate", "rejectUnauthorized"], Sets(Key::Tls(Ask::Verify))),
    (&["trustServerCertificate"], Sets(Key::Tls(Ask::Trust))),
    (&["sslaccept"], Sets(Key::Tls(Ask::Accept))),
    (&["sslrootcert", "sslca", "rootcertificate"], Sets(Key::RootCertificate)),
    (&["sslcert", "sslcertificate"], Sets(Key::Certificate)),
    (&["sslkey"], Sets(Key::Secret)),
    (&["application_name"], Sets(Key::Application)),
    (&["options"], Sets(Key::Options)),
    (&["schema"], Sets(Key::Schema)),
    (&["currentSchema"], Sets(Key::Schemas)),
    (&["search_path", "schema_search_path"], Sets(Key::SearchPath)),
    (&["statement_timeout"], Sets(Key::Setting("statement_timeout"))),
    (&["lock_timeout"], Sets(Key::LockTimeout)),
    (&["idle_in_transaction_session_timeout"], Sets(Key::Setting("idle_in_transaction_session_timeout"))),
    (&["geqo"], Sets(Key::Setting("geqo"))),
    (&["connect_timeout", "login_timeout"], Sets(Key::ConnectTimeout)),
    (&["connectionTimeoutMillis"], Sets(Key::ConnectTimeoutMillis)),
    (&["target_session_attrs", "targetServerType"], Sets(Key::ServerKind)),
    (&["service"], Sets(Key::Service)),
    (&["servicefile"], Sets(Key::ServiceFile)),
    (
        &["channel_binding"],
        Only(
            &["disable", "prefer"],
            "cannot be required: the driver does not support channel binding; remove it, and use sslmode=verify-full",
        ),
    ),
    (
        &["client_encoding", "charset", "encoding", "characterEncoding"],
        Only(&["utf8", "utf8mb4", "unicode", "auto"], "cannot be another encoding: migration files are UTF-8"),
    ),
    (&["gssencmode"], Only(&["disable", "prefer", "allow"], "cannot be required: the driver does not support GSSAPI")),
    (
        &["sslnegotiation"],
        Only(&["postgres"], "is not supported: the driver always requests TLS first, as with sslnegotiation=postgres"),
    ),
    (&["sslcompression"], Only(&["0", "false"], "is not supported: the driver has no compression")),
    (&["sslsni"], Only(&["1", "true"], "is not supported: the driver always sends the host name to the server")),
    (&["sslcertmode"], Only(&["allow"], "is not supported: a certificate is sent if sslcert and sslkey are set")),
    (
        &["ssl_min_protocol_version"],
        Only(&["TLSv1", "TLSv1.1", "TLSv1.2"], "is not supported: the driver supports TLS 1.2 and 1.3"),
    ),
    (&["ssl_max_protocol_version"], Only(&["TLSv1.3"], "is not supported: the driver supports TLS 1.2 and 1.3")),
    (&["min_protocol_version"], Only(&["3.0"], "is not supported: the driver supports protocol 3.0")),
    (&["load_balance_hosts"], Only(&["disable", "false"], "is not supported: migrations go to one server")),
    (
        &["replication", "read_only", "readOnly"],
        Only(&["false", "0", "off", "no"], "is not supported: migrations need an ordinary, writable connection"),
    ),
    (&["autocommit"], Only(&["true", "1"], "is not supported: transactions begin and end with each migration")),
    (&["passfile"], Refused("is not supported; set the variable PGPASSFILE to the file")),
    (
        &["sslpassword", "sslidentity"],
        Refused("is not supported: use PEM files without a password (sslcert and sslkey)"),
    ),
    (&["sslcrl", "sslcrldir"], Refused("is not supported: the driver does not read certificate revocation lists")),
    (
        &["sslfactory", "sslfactoryarg", "sslhostnameverifier"],
        Refused("is not supported: it names a class of another program; use sslmode and sslrootcert"),
    ),
    (
        &["requirepeer", "require_auth", "requireauth"],
        Refused("is not supported: the driver does not restrict authentication methods; use sslmode=verify-full"),
    ),
    (
        &["gsslib", "krbsrvname", "gssdelegation", "jaasLogin", "sspiServiceClass", "useSpnego"],
        Refused("is not supported: the driver does not support GSSAPI"),
    ),
    (
        &[
            "scram_client_key",
            "scram_server_key",
            "oauth_issuer",
            "oauth_client_id",
            "oauth_client_secret",
            "oauth_scope",
        ],
        Refused("is not supported: the driver logs in by password, SCRAM, or a client certificate"),
    ),
    (&["socketFactory", "socketFactoryArg"], Refused("is not supported: it names a class of another program")),
    (&["timezone", "datestyle"], Refused("is not supported here; use --connection-init \"SET …\"")),
    (&["role"], Refused("is not supported here; use --connection-init \"SET ROLE …\"")),
    (
        &["x-migrations-table", "x-migrations-table-quoted", "migrations_table"],
        Refused("belongs to another tool; use --ledger-table to name the history table"),
    ),
    (&["x-statement-timeout"], Refused("belongs to another tool; use statement_timeout")),
    (&["x-multi-statement", "x-multi-statement-max-size", "x-lock-strategy", "x-advisory-lock"], NoEffect),
    // Pools.
    (
        &[
            "connection_limit",
            "pool_timeout",
            "pgbouncer",
            "pool",
            "pool_size",
            "max_overflow",
            "pool_recycle",
            "pool_pre_ping",
        ],
        NoEffect,
    ),
    (
        &[
            "pool_max_conns",
            "pool_min_conns",
            "pool_min_idle_conns",
            "pool_max_conn_lifetime",
            "pool_max_conn_lifetime_jitter",
        ],
        NoEffect,
    ),
    (
        &[
            "pool_max_conn_idle_time",
            "pool_health_check_period",
            "max",
            "min",
            "idleTimeoutMillis",
            "maxUses",
            "allowExitOnIdle",
        ],
        NoEffect,
    ),
    (
        &[
            "max_idle_connection_lifetime",
            "max_connection_lifetime",
            "single_use_connections",
            "conn_max_age",
            "conn_health_checks",
        ],
        NoEffect,
    ),
    (
        &[
            "checkout_timeout",
            "idle_timeout",
            "max_lifetime",
            "maxLifetimeSeconds",
            "reaping_frequency",
            "min_connections",
            "max_connections",
            "acquire_timeout",
        ],
        NoEffect,
    ),
    // Sockets: keepalive and monitoring are always on.
    (
        &[
            "keepalives",
            "keepalives_idle",
            "keepalives_interval",
            "keepalives_count",
            "tcp_user_timeout",
            "tcpKeepAlive",
        ],
        NoEffect,
    ),
    (
        &[
            "tcpNoDelay",
            "keepAlive",
            "keepAliveInitialDelayMillis",
            "socket_timeout",
            "command_timeout",
            "query_timeout",
            "cancelSignalTimeout",
        ],
        NoEffect,
    ),
    (
        &[
            "receiveBufferSize",
            "sendBufferSize",
            "maxResultBuffer",
            "maxSendBufferSize",
            "sslResponseTimeout",
            "gssResponseTimeout",
        ],
        NoEffect,
    ),
    // Prepared statements and result formats: this program uses only the text protocol.
    (
        &[
            "statement_cache_capacity",
            "statement_cache_size",
            "description_cache_capacity",
            "statement_cache_mode",
            "default_query_exec_mode",
        ],
        NoEffect,
    ),
    (
        &[
            "prepareThreshold",
            "preparedStatementCacheQueries",
            "preparedStatementCacheSizeMiB",
            "databaseMetadataCacheFields",
        ],
        NoEffect,
    ),
    (
        &[
            "databaseMetadataCacheFieldsMiB",
            "prepared_statement_cache_size",
            "prepared_statement_name_func",
            "prepared_statements",
        ],
        NoEffect,
    ),
    (
        &[
            "preferQueryMode",
            "binaryTransfer",
            "binaryTransferEnable",
            "binaryTransferDisable",
            "reWriteBatchedInserts",
            "stringtype",
        ],
        NoEffect,
    ),
    (
        &[
            "defaultRowFetchSize",
            "adaptiveFetch",
            "adaptiveFetchMinimum",
            "adaptiveFetchMaximum",
            "unknownLength",
            "autosave",
        ],
        NoEffect,
    ),
    (
        &[
            "cleanupSavepoints",
            "escapeSyntaxCallMode",
            "groupStartupParameters",
            "hideUnprivilegedObjects",
            "convertBooleanToNumeric",
        ],
        NoEffect,
    ),
    (
        &[
            "disableColumnSanitiser",
            "allowEncodingChanges",
            "assumeMinServerVersion",
            "quoteReturningIdentifiers",
            "readOnlyMode",
        ],
        NoEffect,
    ),
    (
        &[
            "logUnclosedConnections",
            "logServerErrorDetail",
            "loggerLevel",
            "loggerFile",
            "hostRecheckSeconds",
            "xmlFactoryFactory",
        ],
        NoEffect,
    ),
    (
        &["async_fallback", "executemany_mode", "fallback_application_name", "uselibpqcompat", "max_protocol_version"],
        NoEffect,
    ),
    (&["min_messages", "advisory_locks", "insert_returning", "adapter", "loadBalanceHosts"], NoEffect),
];

/// Variables of libpq, and the parameters that they set. The driver reads `PGPASSFILE` itself.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGSSLMODE", "sslmode"),
    ("PGREQUIRESSL", "requiressl"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLCOMPRESSION", "sslcompression"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLCERTMODE", "sslcertmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCRL", "sslcrl"),
    ("PGSSLCRLDIR", "sslcrldir"),
    ("PGSSLSNI", "sslsni"),
    ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
    ("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
    ("PGREQUIREPEER", "requirepeer"),
    ("PGREQUIREAUTH", "require_auth"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGGSSENCMODE", "gssencmode"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGAPPNAME", "application_name"),
    ("PGOPTIONS", "options"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ("PGMINPROTOCOLVERSION", "min_protocol_version"),
    ("PGMAXPROTOCOLVERSION", "max_protocol_version"),
    ("PGDATESTYLE", "datestyle"),
    ("PGTZ", "timezone"),
    ("PGGEQO", "geqo"),
    ("PGSERVICE", "service"),
    ("PGSERVICEFILE", "servicefile"),
];
