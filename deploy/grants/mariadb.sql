-- Users for one database on MariaDB 10.4 and later or MySQL 8: one that migrates, one for the application, one that only looks.
-- Replace "shop" by the name of your database, and '%' by the network that they come from; run it once as an administrator:
--
--   mariadb < deploy/grants/mariadb.sql
--   mariadb -e "ALTER USER shop_migrator@'%' IDENTIFIED BY '…' ACCOUNT UNLOCK"      -- and the other two; locked before
--
-- The ledger and the journal have a database of their own, out of the application's reach. Set for all commands:
--
--   MIGRASCOPE_LEDGER_TABLE=shop_migrascope._migrascope_migrations
--   MIGRASCOPE_JOURNAL_TABLE=shop_migrascope._migrascope_journal

CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;
CREATE DATABASE IF NOT EXISTS shop_migrascope CHARACTER SET utf8mb4;

CREATE USER shop_migrator@'%' ACCOUNT LOCK;
CREATE USER shop_app@'%' ACCOUNT LOCK;
CREATE USER shop_looker@'%' ACCOUNT LOCK;

-- Not GRANT OPTION, and nothing that reaches beyond the two databases. Take out what your migrations never do.
GRANT ALTER, ALTER ROUTINE, CREATE, CREATE ROUTINE, CREATE TEMPORARY TABLES, CREATE VIEW, DELETE, DROP, EVENT, EXECUTE, INDEX,
    INSERT, LOCK TABLES, REFERENCES, SELECT, SHOW VIEW, TRIGGER, UPDATE ON shop.* TO shop_migrator@'%';
GRANT ALTER, CREATE, DELETE, INDEX, INSERT, SELECT, UPDATE ON shop_migrascope.* TO shop_migrator@'%';

GRANT DELETE, EXECUTE, INSERT, SELECT, UPDATE ON shop.* TO shop_app@'%';

-- serve, status, plan, verify and push need no more than this. The lock is named for the database of the URL, so the one that
-- looks has to name the same database, and may do so when it has any right there; this one shows no data.
GRANT SELECT ON shop_migrascope.* TO shop_looker@'%';
GRANT SHOW VIEW ON shop.* TO shop_looker@'%';

-- Only where the health check of replicas shall see their lag, on the replica (MySQL: REPLICATION CLIENT), and messages shall say
-- what another user's session that is in the way does:
--   GRANT REPLICA MONITOR, PROCESS ON *.* TO shop_migrator@'%';
