-- Who may do what. Users get roles, roles get permissions; nobody gets a permission directly, so that
-- "what may an editor do?" has one answer. Names are the keys: they stand in code and in tokens, and a
-- number would only have to be looked up again. One file serves all three databases.
CREATE TABLE roles (
    name        VARCHAR(64)  NOT NULL PRIMARY KEY,
    description VARCHAR(255) NOT NULL
);

CREATE TABLE permissions (
    name        VARCHAR(64)  NOT NULL PRIMARY KEY,
    description VARCHAR(255) NOT NULL
);

CREATE TABLE role_permissions (
    role_name       VARCHAR(64) NOT NULL,
    permission_name VARCHAR(64) NOT NULL,
    PRIMARY KEY (role_name, permission_name),
    FOREIGN KEY (role_name) REFERENCES roles (name) ON DELETE CASCADE,
    FOREIGN KEY (permission_name) REFERENCES permissions (name) ON DELETE CASCADE
);

-- No cascade from roles: a role somebody still has cannot vanish from under them.
CREATE TABLE user_roles (
    user_id   BIGINT      NOT NULL,
    role_name VARCHAR(64) NOT NULL,
    PRIMARY KEY (user_id, role_name),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (role_name) REFERENCES roles (name)
);

CREATE INDEX user_roles_by_role ON user_roles (role_name);
