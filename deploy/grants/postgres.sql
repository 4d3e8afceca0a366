-- Roles for one database on PostgreSQL 13 and later: one that migrates, one for the application, one that only reads.
-- Replace "shop" with the name of your database, and run this script there once as a superuser or as the owner of the database:
--
--   psql --set ON_ERROR_STOP=1 --dbname shop --file deploy/grants/postgres.sql
--   psql --dbname shop --command '\password shop_migrator'      -- and the other two; before that, none can log in
--
-- The ledger and the journal have a separate schema that the application cannot access. Set for all commands:
--
--   MIGRASCOPE_LEDGER_TABLE=migrascope._migrascope_migrations
--   MIGRASCOPE_JOURNAL_TABLE=migrascope._migrascope_journal

BEGIN;

CREATE ROLE shop_migrator LOGIN;
CREATE ROLE shop_app LOGIN;
CREATE ROLE shop_looker LOGIN;

-- Otherwise every role of the server may connect and, up to PostgreSQL 14, create tables.
REVOKE ALL ON DATABASE shop FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO shop_migrator, shop_app, shop_looker;

-- The role that creates a table owns it, and only the owner may change it. Tables of another role must be transferred first:
--   REASSIGN OWNED BY former_owner TO shop_migrator;
GRANT USAGE, CREATE ON SCHEMA public TO shop_migrator;

-- The application can use everything that the migrator creates, as soon as it is created.
GRANT USAGE ON SCHEMA public TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA public GRANT USAGE ON SEQUENCES TO shop_app;

-- serve, status, plan, verify and push need no more than this, and cannot see the application's data.
CREATE SCHEMA migrascope AUTHORIZATION shop_migrator;
GRANT USAGE ON SCHEMA migrascope TO shop_looker;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_migrator IN SCHEMA migrascope GRANT SELECT ON TABLES TO shop_looker;
ALTER ROLE shop_looker SET default_transaction_read_only = on;

-- Only if the health check should see the lag of replicas, and messages should show what the blocking session of another
-- role is doing:
--   GRANT pg_monitor TO shop_migrator;

COMMIT;
