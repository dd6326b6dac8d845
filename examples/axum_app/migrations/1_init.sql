-- BYTES stands for the type of octets: BYTEA in PostgreSQL, BLOB in SQLite. Instants are milliseconds since 1970.

-- The application's own: organizations, accounts, members, invitations, sessions, mail.
CREATE TABLE organization (
    id   TEXT PRIMARY KEY,
    slug TEXT UNIQUE,
    name TEXT NOT NULL
);
CREATE TABLE account (
    id             TEXT PRIMARY KEY,
    email          TEXT NOT NULL UNIQUE,
    email_verified BIGINT NOT NULL
);
CREATE TABLE member (
    organization TEXT NOT NULL,
    account      TEXT NOT NULL REFERENCES account,
    status       TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
    role         TEXT NOT NULL,
    by_scim      BIGINT NOT NULL DEFAULT 0,
    external_id  TEXT,
    given_name   TEXT,
    family_name  TEXT,
    display_name TEXT,
    PRIMARY KEY (organization, account)
);
CREATE INDEX member_external_id ON member (organization, external_id);
CREATE TABLE invitation (
    organization TEXT NOT NULL,
    email        TEXT NOT NULL,
    role         TEXT NOT NULL,
    PRIMARY KEY (organization, email)
);
CREATE TABLE session (
    id           TEXT PRIMARY KEY,       -- the SHA-256 of the cookie
    account      TEXT NOT NULL,
    organization TEXT,                   -- of a session of single sign-on, as the scope says
    connection   TEXT,
    scope        BYTES,                  -- SessionScope::to_bytes; null for a session of the account's own
    expires_at   BIGINT NOT NULL
);
CREATE INDEX session_account ON session (organization, account);
CREATE TABLE mail (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    subject TEXT NOT NULL,
    link    TEXT NOT NULL
);
CREATE TABLE proven_domain (
    domain       TEXT PRIMARY KEY,       -- of one organization at most
    organization TEXT NOT NULL
);
CREATE TABLE failure (
    reference    TEXT PRIMARY KEY,
    organization TEXT NOT NULL,
    at           BIGINT NOT NULL,
    code         TEXT NOT NULL,
    report       TEXT NOT NULL
);

-- saml-sp: connections.
CREATE TABLE saml_registration (
    connection   TEXT PRIMARY KEY,
    organization TEXT NOT NULL,
    entity_id    TEXT,                   -- null once it is removed; the row stays, so that the name is never used again
    value        BYTES,                  -- Registration::to_bytes
    refresh_at   BIGINT,                 -- Registration::refresh_at
    UNIQUE (organization, entity_id)
);
CREATE INDEX saml_registration_refresh ON saml_registration (refresh_at);
CREATE TABLE saml_scim_token (
    connection TEXT PRIMARY KEY,
    hash       TEXT NOT NULL
);

-- saml-sp: logins.
CREATE TABLE saml_pending (
    request    TEXT PRIMARY KEY,
    connection TEXT NOT NULL,
    browser    TEXT NOT NULL,
    value      BYTES NOT NULL,           -- PendingLogin::to_bytes
    used       BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL
);
CREATE TABLE saml_replay (
    connection TEXT NOT NULL,
    assertion  TEXT NOT NULL,
    keep_until BIGINT NOT NULL,
    PRIMARY KEY (connection, assertion)
);

-- saml-sp: sessions and logouts.
CREATE TABLE saml_session (
    id            TEXT NOT NULL,
    session_index TEXT NOT NULL,         -- one row for each of SamlSession::indexes, '' if there are none
    connection    TEXT NOT NULL,
    subject       TEXT NOT NULL,
    value         BYTES NOT NULL,        -- SamlSession::to_bytes
    ended         BIGINT NOT NULL DEFAULT 0,
    expires_at    BIGINT NOT NULL,
    PRIMARY KEY (id, session_index)
);
CREATE INDEX saml_session_subject ON saml_session (connection, subject);
CREATE TABLE saml_logout (
    request    TEXT PRIMARY KEY,
    value      BYTES NOT NULL,           -- PendingLogout::to_bytes
    used       BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL
);

-- saml-sp: members.
CREATE TABLE saml_identity (
    subject      BYTES PRIMARY KEY,      -- SubjectKey::to_bytes
    connection   TEXT NOT NULL,
    account      TEXT NOT NULL REFERENCES account,
    confirmed_at BIGINT NOT NULL,
    last_used    BIGINT NOT NULL,
    UNIQUE (connection, account)
);
CREATE TABLE saml_link (
    hash       TEXT PRIMARY KEY,
    connection TEXT NOT NULL,
    account    TEXT NOT NULL,
    value      BYTES NOT NULL,           -- PendingLink::to_bytes
    used       BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL
);
CREATE TABLE saml_reminder (
    connection   TEXT NOT NULL,
    account      TEXT NOT NULL,
    organization TEXT NOT NULL,
    hash         TEXT NOT NULL UNIQUE,
    sent_at      BIGINT NOT NULL,
    PRIMARY KEY (connection, account)
);
