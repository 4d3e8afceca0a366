-- Fails, and should, while a user still has one of these roles. What the roles may do goes with them (cascade).
DELETE FROM roles WHERE name IN ('admin', 'auditor', 'member');
DELETE FROM permissions WHERE name IN ('audit:read', 'clients:read', 'clients:write', 'users:read', 'users:write');
