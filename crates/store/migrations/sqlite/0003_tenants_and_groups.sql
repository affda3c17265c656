-- What the dialect xuqm needs beside what is there: tenants with settings, group ids of the creator's choice,
-- attributes, join requests, friends and conversations put in order, and how far each device has come.

-- secret: sealed; none until the server has started with this step. devices: 0 any number may be logged in, 1 one of
-- each platform, 2 one. history_days and conversations_max: 0 for no bound of the tenant's own.
ALTER TABLE tenants ADD COLUMN secret BLOB;
ALTER TABLE tenants ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tenants ADD COLUMN auto_register INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tenants ADD COLUMN contacts_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN devices INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN history_days INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN conversations_max INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN sync_deletes INTEGER NOT NULL DEFAULT 1;

-- What clients keep with an account; the server does not read it.
ALTER TABLE users ADD COLUMN extra TEXT;

-- The text id that its creator gave a group. A group without one is known by its UUID.
ALTER TABLE conversations ADD COLUMN group_key TEXT;
-- When a mute of the whole group ends by itself; none for one that is lifted by hand.
ALTER TABLE conversations ADD COLUMN muted_until INTEGER;
CREATE UNIQUE INDEX conversations_group_key ON conversations (tenant_id, group_key) WHERE group_key IS NOT NULL;
-- Groups that whoever looks for groups may find.
CREATE INDEX conversations_found ON conversations (tenant_id, group_type, id) WHERE kind = 2 AND dissolved_at IS NULL;

-- The heading under which a member keeps a conversation; empty for none.
ALTER TABLE members ADD COLUMN folder TEXT NOT NULL DEFAULT '';
CREATE INDEX members_folder ON members (user_id, folder) WHERE folder <> '';

-- Who manages a group, among however many members.
CREATE INDEX members_managers ON members (conversation_id, user_id, role) WHERE role > 1 AND state = 1;

CREATE TABLE group_attributes (
    conversation_id INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    value           TEXT    NOT NULL,
    PRIMARY KEY (conversation_id, name)
) WITHOUT ROWID;

-- status: 0 pending, 1 accepted, 2 rejected. An id is never given out twice.
CREATE TABLE join_requests (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    remark          TEXT    NOT NULL DEFAULT '',
    status          INTEGER NOT NULL DEFAULT 0,
    handled_by      INTEGER,
    created_at      INTEGER NOT NULL,
    handled_at      INTEGER
);
CREATE INDEX join_requests_conversation ON join_requests (conversation_id, id);
CREATE INDEX join_requests_user ON join_requests (user_id, conversation_id, id);
CREATE UNIQUE INDEX join_requests_pending ON join_requests (conversation_id, user_id) WHERE status = 0;

-- Which token stands for which device, as long as the token lives.
CREATE TABLE logins (
    token_id    TEXT    PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    platform    TEXT    NOT NULL,
    device      TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX logins_user ON logins (user_id, platform);
CREATE INDEX logins_expiry ON logins (expires_at);

-- What a device was given of the messages to its person: everything up to message_id, and what stands in a window
-- (after_id < id <= until_id), which a live connection has brought it.
CREATE TABLE device_cursors (
    user_id     INTEGER NOT NULL,
    device      TEXT    NOT NULL,
    message_id  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, device)
) WITHOUT ROWID;
CREATE TABLE device_windows (
    user_id     INTEGER NOT NULL,
    device      TEXT    NOT NULL,
    after_id    INTEGER NOT NULL,
    until_id    INTEGER NOT NULL,
    PRIMARY KEY (user_id, device, after_id)
) WITHOUT ROWID;
