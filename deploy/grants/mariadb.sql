-- Users for one database on MariaDB 10.4 and later or MySQL 8: one that migrates, one for the application, one that only reads.
-- Replace "shop" with the name of your database, and '%' with the network of the clients; run this script once as an administrator:
--
--   mariadb < deploy/grants/mariadb.sql
--   mariadb -e "ALTER USER shop_migrator@'%' IDENTIFIED BY '…' ACCOUNT UNLOCK"      -- and the other two; they are locked before
--
-- The ledger and the journal have a separate database that the application cannot access. Set for all commands:
--
--   MIGRASCOPE_LEDGER_TABLE=shop_migrascope._migrascope_migrations
--   MIGRASCOPE_JOURNAL_TABLE=shop_migrascope._migrascope_journal

CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;
CREATE DATABASE IF NOT EXISTS shop_migrascope CHARACTER SET utf8mb4;

CREATE USER shop_migrator@'%' ACCOUNT LOCK;
CREATE USER shop_app@'%' ACCOUNT LOCK;
CREATE USER shop_looker@'%' ACCOUNT LOCK;

-- No GRANT OPTION, and no privilege beyond the two databases. Remove privileges that your migrations never need.
GRANT ALTER, ALTER ROUTINE, CREATE, CREATE ROUTINE, CREATE TEMPORARY TABLES, CREATE VIEW, DELETE, DROP, EVENT, EXECUTE, INDEX,
    INSERT, LOCK TABLES, REFERENCES, SELECT, SHOW VIEW, TRIGGER, UPDATE ON shop.* TO shop_migrator@'%';
GRANT ALTER, CREATE, DELETE, INDEX, INSERT, SELECT, UPDATE ON shop_migrascope.* TO shop_migrator@'%';

GRANT DELETE, EXECUTE, INSERT, SELECT, UPDATE ON shop.* TO shop_app@'%';

-- serve, status, plan, verify and push need no more than this. The name of the lock contains the database of the URL, so the
-- read-only user has to name the same database; for that it needs any privilege there, and this one reveals no data.
GRANT SELECT ON shop_migrascope.* TO shop_looker@'%';
GRANT SHOW VIEW ON shop.* TO shop_looker@'%';

-- Only if the health check should see the lag of a replica, on the replica (MySQL: REPLICATION CLIENT), and messages should show
-- what the blocking session of another user is doing:
--   GRANT REPLICA MONITOR, PROCESS ON *.* TO shop_migrator@'%';
