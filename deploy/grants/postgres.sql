-- Roles for one database on PostgreSQL 13 and later: one that migrates, one for the application, one that only looks.
-- Replace "shop" by the name of your database, and run it there once as a superuser or as the owner of the database:
--
--   psql --set ON_ERROR_STOP=1 --dbname shop --file deploy/grants/postgres.sql
--   psql --dbname shop --command '\password shop_migrator'      -- and the other two; none can log in before
--
-- The ledger and the journal have a schema of their own, out of the application's reach. Set for all commands:
--
--   MIGRASCOPE_LEDGER_TABLE=migrascope._migrascope_migrations
--   MIGRASCOPE_JOURNAL_TABLE=migrascope._migrascope_journal

BEGIN;

CREATE ROLE shop_migrator LOGIN;
CREATE ROLE shop_app LOGIN;
CREATE ROLE shop_looker LOGIN;

-- Otherwise every role of the server may connect and, until PostgreSQL 14, make tables.
REVOKE ALL ON DATABASE shop FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO shop_migrator, shop_app, shop_looker;

-- Who makes a table owns it, and only the owner may change it. Tables that another role has made must be handed over first:
--   REASSIGN OWNED BY former_owner TO shop_migrator;
GRANT USAGE, CREATE ON SCHEMA public TO shop_migrator;

-- The application uses what the migrator makes, from the moment it is made.
GRANT USAGE ON SCHEMA public TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA public GRANT USAGE ON SEQUENCES TO shop_app;

-- serve, status, plan, verify and push need no more than this, and see nothing of the application's data.
CREATE SCHEMA migrascope AUTHORIZATION shop_migrator;
GRANT USAGE ON SCHEMA migrascope TO shop_looker;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA migrascope GRANT SELECT ON TABLES TO shop_looker;
ALTER ROLE shop_looker SET default_transaction_read_only = on;

-- Only where the health check of replicas shall see their lag, and messages shall say what another role's session that
-- is in the way does:
--   GRANT pg_monitor TO shop_migrator;

COMMIT;
