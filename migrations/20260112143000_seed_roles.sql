-- The roles that the code knows by name; others are made at run time.
INSERT INTO roles (name, description) VALUES
    ('admin', 'Manages users, clients and roles'),
    ('auditor', 'Reads everything; changes nothing'),
    ('member', 'Signs in and manages their own account');

INSERT INTO permissions (name, description) VALUES
    ('audit:read', 'Read the audit log'),
    ('clients:read', 'See OAuth clients'),
    ('clients:write', 'Register, change and revoke OAuth clients'),
    ('users:read', 'See all users; never their credentials'),
    ('users:write', 'Invite, suspend and close accounts; give and take roles');

INSERT INTO role_permissions (role_name, permission_name) VALUES
    ('auditor', 'audit:read'),
    ('auditor', 'clients:read'),
    ('auditor', 'users:read');

-- An admin may do all there is at this point; a permission added later has to be given on purpose.
INSERT INTO role_permissions (role_name, permission_name)
SELECT 'admin', name FROM permissions;
