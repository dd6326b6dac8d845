-- The application's own: teams, which SCIM calls groups.
CREATE TABLE team (
    id           TEXT PRIMARY KEY,
    organization TEXT NOT NULL,
    name         TEXT NOT NULL,
    name_key     TEXT NOT NULL,          -- TeamName::key
    external_id  TEXT,
    UNIQUE (organization, name_key)
);
CREATE TABLE team_member (
    team         TEXT NOT NULL REFERENCES team ON DELETE CASCADE,
    organization TEXT NOT NULL,
    account      TEXT NOT NULL,
    PRIMARY KEY (team, account),
    FOREIGN KEY (organization, account) REFERENCES member
);
CREATE INDEX team_member_account ON team_member (organization, account);
