DROP INDEX CONCURRENTLY sessions_by_expiry;
