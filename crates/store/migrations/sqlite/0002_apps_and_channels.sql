-- What the dialects platform and gateway need beside people, conversations and messages.

-- A group is known under a UUID too, and carries a number 0-15 that means something to its creator only.
-- join_option: 0 by invitation, 1 whoever knows the UUID.
-- kind 3 is a channel: what an app says to one person (user_low), or to everybody (user_low 0). app_id 0: no app.
ALTER TABLE conversations ADD COLUMN uuid TEXT;
ALTER TABLE conversations ADD COLUMN category INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN join_option INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN app_id INTEGER;
UPDATE conversations SET uuid = lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' ||
    substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))
WHERE kind = 2;
CREATE UNIQUE INDEX conversations_uuid ON conversations (uuid) WHERE uuid IS NOT NULL;
CREATE UNIQUE INDEX conversations_channel ON conversations (tenant_id, app_id, user_low) WHERE kind = 3;
CREATE INDEX conversations_channel_user ON conversations (tenant_id, user_low) WHERE kind = 3;

-- Where a conversation stood when a member came: what is older was not sent to that member.
ALTER TABLE members ADD COLUMN entered_seq INTEGER NOT NULL DEFAULT 0;

-- What a message carries for one dialect begins with that dialect's name and a blank.
UPDATE messages SET extra = 'ruoyi ' || extra WHERE extra IS NOT NULL;

-- Keys of the files that a message carries, with blanks between: what file_shares says, there without a second read
-- for every message that is shown or pushed.
ALTER TABLE messages ADD COLUMN files TEXT;
UPDATE messages SET files = (
    SELECT group_concat(f.storage_key, ' ') FROM file_shares s JOIN files f ON f.id = s.file_id
    WHERE s.message_id = messages.id)
WHERE id IN (SELECT message_id FROM file_shares);

-- How far somebody has read in a channel. Without a row: nothing yet.
CREATE TABLE channel_cursors (
    conversation_id INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    read_seq        INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
) WITHOUT ROWID;

-- When a read cursor came to a seq, in channels and direct conversations: whatever lies between two marks was read
-- at the later one, unless it was read singly.
CREATE TABLE read_marks (
    conversation_id INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    read_seq        INTEGER NOT NULL,
    read_at         INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id, read_seq)
) WITHOUT ROWID;
-- What was read before marks were kept was read at the last known time, not at the next mark.
INSERT INTO read_marks (conversation_id, user_id, read_seq, read_at)
SELECT m.conversation_id, m.user_id, m.read_seq, COALESCE(m.read_at, c.last_message_at, c.updated_at)
FROM members m JOIN conversations c ON c.id = m.conversation_id
WHERE c.kind = 1 AND m.read_seq > 0;

-- A business system that is joined to a tenant. code: the text that it calls itself. secret: sealed, because
-- signatures are checked with it; the access token is only compared, so its hash is enough. The number of a deleted
-- app is never given to another one: channels bear it.
CREATE TABLE apps (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id           INTEGER NOT NULL,
    code                TEXT    NOT NULL,
    name                TEXT    NOT NULL,
    secret              BLOB    NOT NULL,
    access_token_hash   TEXT    NOT NULL,
    callback_url        TEXT    NOT NULL,
    protocol            TEXT    NOT NULL,
    description         TEXT    NOT NULL DEFAULT '',
    category_id         INTEGER,
    active              INTEGER NOT NULL DEFAULT 1,
    -- JSON list of origins that a jump may lead to; empty: any.
    redirect_origins    TEXT    NOT NULL DEFAULT '[]',
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    deleted_at          INTEGER
);
CREATE UNIQUE INDEX apps_code ON apps (tenant_id, code) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX apps_access_token ON apps (access_token_hash) WHERE deleted_at IS NULL;

CREATE TABLE app_categories (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id   INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    UNIQUE (tenant_id, name)
);

-- Under which account an app knows a person.
CREATE TABLE app_mappings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id      INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    mapped_key  TEXT    NOT NULL,
    mapped_email TEXT   NOT NULL DEFAULT '',
    active      INTEGER NOT NULL DEFAULT 1,
    created_at  INTEGER NOT NULL,
    UNIQUE (app_id, mapped_key),
    UNIQUE (app_id, user_id)
);
CREATE INDEX app_mappings_user ON app_mappings (user_id, app_id);

-- One-time tickets by which an app learns who comes to it; gone when used.
CREATE TABLE tickets (
    hash        TEXT    PRIMARY KEY,
    app_id      INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tickets_expiry ON tickets (expires_at);

-- Which message an app's own id stands for.
CREATE TABLE app_sends (
    app_id      INTEGER NOT NULL,
    client_id   TEXT    NOT NULL,
    message_id  INTEGER NOT NULL,
    PRIMARY KEY (app_id, client_id)
) WITHOUT ROWID;

-- The last message that a polling client was given, for each of a person's platforms.
CREATE TABLE poll_cursors (
    user_id     INTEGER NOT NULL,
    platform    INTEGER NOT NULL,
    message_id  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, platform)
) WITHOUT ROWID;

-- People log in by their latin name too, if nobody else has it.
CREATE INDEX users_english_name ON users (tenant_id, lower(english_name)) WHERE english_name <> '';
