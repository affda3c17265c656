-- Times are microseconds since 1970 UTC. Flags are 0 or 1. A text key is compared byte for byte unless said otherwise.

CREATE TABLE tenants (
    id          INTEGER PRIMARY KEY,
    app_key     TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL
);

CREATE TABLE users (
    id              INTEGER PRIMARY KEY,
    tenant_id       INTEGER NOT NULL,
    uid             TEXT    NOT NULL,
    mobile          TEXT,
    email           TEXT,
    name            TEXT    NOT NULL DEFAULT '',
    english_name    TEXT    NOT NULL DEFAULT '',
    nickname        TEXT    NOT NULL DEFAULT '',
    avatar          TEXT    NOT NULL DEFAULT '',
    gender          INTEGER NOT NULL DEFAULT 0,
    signature       TEXT    NOT NULL DEFAULT '',
    department      TEXT    NOT NULL DEFAULT '',
    position        TEXT    NOT NULL DEFAULT '',
    role            TEXT    NOT NULL DEFAULT 'USER',
    status          TEXT    NOT NULL DEFAULT 'ACTIVE',
    password_hash   TEXT,
    -- Tokens carry the epoch they were issued in; raising it revokes them all.
    token_epoch     INTEGER NOT NULL DEFAULT 0,
    last_online_at  INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
);
CREATE UNIQUE INDEX users_uid ON users (tenant_id, uid);
CREATE UNIQUE INDEX users_mobile ON users (tenant_id, mobile) WHERE mobile IS NOT NULL;

CREATE TABLE revoked_tokens (
    token_id    TEXT    PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

-- kind: 1 direct, 2 group. A direct conversation names its two people, smaller id first.
CREATE TABLE conversations (
    id              INTEGER PRIMARY KEY,
    tenant_id       INTEGER NOT NULL,
    kind            INTEGER NOT NULL,
    user_low        INTEGER,
    user_high       INTEGER,
    name            TEXT    NOT NULL DEFAULT '',
    avatar          TEXT    NOT NULL DEFAULT '',
    description     TEXT    NOT NULL DEFAULT '',
    notice          TEXT    NOT NULL DEFAULT '',
    group_type      TEXT    NOT NULL DEFAULT '',
    owner_id        INTEGER,
    members_max     INTEGER NOT NULL DEFAULT 0,
    -- How many members are in now; changed in the same transaction as they are.
    members_count   INTEGER NOT NULL DEFAULT 0,
    history_open    INTEGER NOT NULL DEFAULT 1,
    -- The least role that may bring people in.
    invite_role     INTEGER NOT NULL DEFAULT 2,
    muted_all       INTEGER NOT NULL DEFAULT 0,
    last_seq        INTEGER NOT NULL DEFAULT 0,
    last_message_id INTEGER,
    last_message_at INTEGER,
    pinned_message_id INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    dissolved_at    INTEGER
);
CREATE UNIQUE INDEX conversations_direct ON conversations (user_low, user_high) WHERE kind = 1;

-- state: 1 in, 0 out. The row of somebody who left stays: mutes and cursors survive a return.
-- Cursors are seqs: history begins after joined_seq, is read up to read_seq, cleared up to cleared_seq.
CREATE TABLE members (
    conversation_id INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    state           INTEGER NOT NULL DEFAULT 1,
    role            INTEGER NOT NULL DEFAULT 1,
    joined_at       INTEGER NOT NULL,
    joined_seq      INTEGER NOT NULL DEFAULT 0,
    read_seq        INTEGER NOT NULL DEFAULT 0,
    delivered_seq   INTEGER NOT NULL DEFAULT 0,
    cleared_seq     INTEGER NOT NULL DEFAULT 0,
    -- Hidden from the list until a message after this seq; -1 when not hidden.
    hidden_seq      INTEGER NOT NULL DEFAULT -1,
    -- How many messages after read_seq are this member's own.
    own_after_read  INTEGER NOT NULL DEFAULT 0,
    read_at         INTEGER,
    pinned          INTEGER NOT NULL DEFAULT 0,
    muted           INTEGER NOT NULL DEFAULT 0,
    remark          TEXT    NOT NULL DEFAULT '',
    draft           TEXT    NOT NULL DEFAULT '',
    -- May not write before this time.
    silenced_until  INTEGER,
    PRIMARY KEY (conversation_id, user_id)
) WITHOUT ROWID;
CREATE INDEX members_user ON members (user_id, state, conversation_id);

-- uncounted: recalled, deleted or a notice; such a message is never unread.
CREATE TABLE messages (
    id              INTEGER PRIMARY KEY,
    conversation_id INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    sender_id       INTEGER,
    content_type    TEXT    NOT NULL,
    content         TEXT    NOT NULL,
    client_id       TEXT,
    reply_to        INTEGER,
    forwarded_from  INTEGER,
    extra           TEXT,
    mention_all     INTEGER NOT NULL DEFAULT 0,
    edited_at       INTEGER,
    recalled_at     INTEGER,
    deleted_at      INTEGER,
    uncounted       INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL
);
CREATE UNIQUE INDEX messages_seq ON messages (conversation_id, seq);
CREATE UNIQUE INDEX messages_client ON messages (sender_id, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX messages_uncounted ON messages (conversation_id, seq, sender_id) WHERE uncounted = 1;

-- Messages read one by one beyond the cursor; folded into it when it passes.
CREATE TABLE single_reads (
    conversation_id INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    read_at         INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id, seq)
) WITHOUT ROWID;

CREATE TABLE message_edits (
    message_id  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    content     TEXT    NOT NULL,
    edited_at   INTEGER NOT NULL,
    PRIMARY KEY (message_id, version)
) WITHOUT ROWID;

CREATE TABLE reactions (
    message_id      INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    emoji           TEXT    NOT NULL,
    reaction_type   TEXT    NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (message_id, user_id)
) WITHOUT ROWID;

-- One row per person named; a mention of everybody is one row with user_id 0.
CREATE TABLE mentions (
    id              INTEGER PRIMARY KEY,
    message_id      INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    mentioned_by    INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    UNIQUE (message_id, user_id)
);
CREATE INDEX mentions_user ON mentions (user_id, id);
CREATE INDEX mentions_conversation ON mentions (conversation_id, user_id, message_id);

CREATE TABLE mention_reads (
    user_id     INTEGER NOT NULL,
    mention_id  INTEGER NOT NULL,
    read_at     INTEGER NOT NULL,
    PRIMARY KEY (user_id, mention_id)
) WITHOUT ROWID;

CREATE TABLE favorites (
    id              INTEGER PRIMARY KEY,
    user_id         INTEGER NOT NULL,
    message_id      INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    remark          TEXT    NOT NULL DEFAULT '',
    tags            TEXT    NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    UNIQUE (user_id, message_id)
);
CREATE INDEX favorites_user ON favorites (user_id, id);
CREATE INDEX favorites_message ON favorites (message_id);

-- One row per direction: owner_id has contact_id in the list.
CREATE TABLE contacts (
    id          INTEGER PRIMARY KEY,
    owner_id    INTEGER NOT NULL,
    contact_id  INTEGER NOT NULL,
    remark      TEXT    NOT NULL DEFAULT '',
    group_name  TEXT    NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    UNIQUE (owner_id, contact_id)
);
CREATE INDEX contacts_contact ON contacts (contact_id, owner_id);

-- status: 0 pending, 1 approved, 2 rejected.
CREATE TABLE contact_requests (
    id              INTEGER PRIMARY KEY,
    from_user_id    INTEGER NOT NULL,
    to_user_id      INTEGER NOT NULL,
    message         TEXT    NOT NULL DEFAULT '',
    group_name      TEXT    NOT NULL DEFAULT '',
    status          INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    handled_at      INTEGER
);
CREATE INDEX contact_requests_to ON contact_requests (to_user_id, id);
CREATE INDEX contact_requests_from ON contact_requests (from_user_id, id);
CREATE UNIQUE INDEX contact_requests_pending ON contact_requests (from_user_id, to_user_id) WHERE status = 0;

CREATE TABLE blocks (
    user_id     INTEGER NOT NULL,
    blocked_id  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, blocked_id)
) WITHOUT ROWID;

-- An id is never given out twice, so that a late edit cannot hit another announcement.
CREATE TABLE announcements (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL,
    author_id       INTEGER NOT NULL,
    content         TEXT    NOT NULL,
    kind            TEXT    NOT NULL DEFAULT '',
    pinned          INTEGER NOT NULL DEFAULT 0,
    recalled_at     INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
);
CREATE INDEX announcements_conversation ON announcements (conversation_id, id) WHERE recalled_at IS NULL;

CREATE TABLE notifications (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    content     TEXT    NOT NULL DEFAULT '',
    subject_id  INTEGER,
    read_at     INTEGER,
    created_at  INTEGER NOT NULL
);
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;

CREATE TABLE settings (
    user_id     INTEGER NOT NULL,
    section     TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, section)
) WITHOUT ROWID;

-- storage_key: where the object store keeps the bytes. public: readable without a token (avatars). The row of a
-- deleted file stays, so that its number is never given to another one.
CREATE TABLE files (
    id              INTEGER PRIMARY KEY,
    tenant_id       INTEGER NOT NULL,
    owner_id        INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    size            INTEGER NOT NULL,
    content_type    TEXT    NOT NULL,
    category        TEXT    NOT NULL,
    storage_key     TEXT    NOT NULL UNIQUE,
    sha256          TEXT    NOT NULL,
    -- What clients compare their copy with; nothing is trusted because of it.
    md5             TEXT    NOT NULL,
    public          INTEGER NOT NULL DEFAULT 0,
    downloads       INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    deleted_at      INTEGER
);
CREATE INDEX files_owner ON files (owner_id, id);
CREATE INDEX files_md5 ON files (owner_id, md5) WHERE deleted_at IS NULL;

-- Bytes that nothing refers to any more and that are still on the disk.
CREATE TABLE file_erasures (
    storage_key TEXT PRIMARY KEY
) WITHOUT ROWID;

-- Which conversations a file was sent to: their members may open it.
CREATE TABLE file_shares (
    file_id         INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    message_id      INTEGER NOT NULL,
    PRIMARY KEY (file_id, conversation_id, message_id)
) WITHOUT ROWID;
CREATE INDEX file_shares_conversation ON file_shares (conversation_id, file_id);
CREATE INDEX file_shares_message ON file_shares (message_id);

-- state: 0 open, 1 paused, 2 merged.
CREATE TABLE uploads (
    id          TEXT    PRIMARY KEY,
    owner_id    INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    size        INTEGER NOT NULL,
    md5         TEXT    NOT NULL DEFAULT '',
    chunk_size  INTEGER NOT NULL,
    state       INTEGER NOT NULL DEFAULT 0,
    file_id     INTEGER,
    expires_at  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX uploads_owner ON uploads (owner_id, id);
CREATE INDEX uploads_expiry ON uploads (expires_at);

CREATE TABLE upload_chunks (
    upload_id   TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;

-- The log of changes and the outbox of everything that reacts to them.
CREATE TABLE events (
    id              INTEGER PRIMARY KEY,
    kind            INTEGER NOT NULL,
    conversation_id INTEGER,
    user_id         INTEGER,
    subject_id      INTEGER,
    payload         TEXT,
    created_at      INTEGER NOT NULL
);

-- The search index: sealed segments of the event log, see docs/adr/0004. state: 0 building, 1 live, 2 retired.
CREATE TABLE search_segments (
    id              INTEGER PRIMARY KEY,
    level           INTEGER NOT NULL,
    state           INTEGER NOT NULL,
    first_event     INTEGER NOT NULL,
    last_event      INTEGER NOT NULL,
    docs            INTEGER NOT NULL,
    first_at        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL
);
CREATE TABLE search_pieces (
    segment_id  INTEGER NOT NULL,
    piece       INTEGER NOT NULL,
    data        BLOB    NOT NULL,
    PRIMARY KEY (segment_id, piece)
) WITHOUT ROWID;
