-- The first schema. Times are milliseconds since 1970 in UTC, written by the database's own clock. Lists are JSON arrays.
-- Columns that end in _at, _until or _since hold times, and nothing else does. Sealed columns open only with a vault key.

-- "AIQC": by this the service knows its own files and leaves those of other programs alone.
PRAGMA application_id = 1095323971;

-- People, as their OpenID issuer names them. The id is a hash over issuer, kind and sub.
CREATE TABLE principals (
    id            TEXT    NOT NULL PRIMARY KEY,
    issuer        TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    sub           TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    email         TEXT,
    first_seen_at INTEGER NOT NULL,
    UNIQUE (issuer, kind, sub)
) STRICT;

-- One person's tokens for one server. Bound for life to issuer, client and resource; `version` rises with the tokens.
-- The lease says who may refresh; `in_doubt_since` says that a refresh was sent and no answer has been stored yet.
CREATE TABLE grants (
    id              TEXT    NOT NULL PRIMARY KEY,
    principal       TEXT    NOT NULL REFERENCES principals (id),
    server          TEXT    NOT NULL,
    version         INTEGER NOT NULL CHECK (version >= 1),
    issuer          TEXT    NOT NULL,
    client_id       TEXT    NOT NULL,
    resource        TEXT    NOT NULL,
    redirect_uri    TEXT    NOT NULL,
    scopes          TEXT    NOT NULL,
    access_token    BLOB    NOT NULL,
    refresh_token   BLOB,
    issued_at       INTEGER NOT NULL,
    expires_at      INTEGER,
    fault           TEXT,
    fault_reference TEXT,
    faulted_at      INTEGER,
    lease_owner     TEXT,
    lease_until     INTEGER,
    in_doubt_since  INTEGER,
    account_label   TEXT,
    connected_at    INTEGER NOT NULL,
    UNIQUE (principal, server),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CHECK ((fault IS NULL) = (faulted_at IS NULL))
) STRICT;

-- Sign-in attempts at providers. What was sent is there from the start of the journey on, all of it or nothing.
CREATE TABLE flows (
    id           TEXT    NOT NULL PRIMARY KEY,
    principal    TEXT    NOT NULL REFERENCES principals (id),
    source       TEXT    NOT NULL,
    server       TEXT    NOT NULL,
    intent       TEXT    NOT NULL,
    phase        TEXT    NOT NULL CHECK (phase IN ('pending', 'exchanging', 'succeeded', 'denied', 'failed', 'cancelled')),
    code         TEXT,
    announced_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    state_hash   TEXT    UNIQUE,
    browser_hash TEXT,
    issuer       TEXT,
    iss_promised INTEGER CHECK (iss_promised IN (0, 1)),
    client_id    TEXT,
    resource     TEXT,
    redirect_uri TEXT,
    scopes       TEXT,
    verifier     BLOB,
    return_to    TEXT
) STRICT;
CREATE INDEX flows_of_principal ON flows (principal, server);
CREATE INDEX flows_by_end ON flows (expires_at);

-- Our OAuth clients, one per issuer and redirect URI.
CREATE TABLE registrations (
    issuer        TEXT    NOT NULL,
    redirect_uri  TEXT    NOT NULL,
    client_id     TEXT    NOT NULL,
    client_secret BLOB,
    auth          TEXT    NOT NULL,
    registered_at INTEGER NOT NULL,
    UNIQUE (issuer, redirect_uri)
) STRICT;

-- Job references: which job may ask for whose tokens, for which servers, until when. The HMAC covers all that is fixed.
CREATE TABLE jobs (
    id          TEXT    NOT NULL PRIMARY KEY,
    principal   TEXT    NOT NULL REFERENCES principals (id),
    servers     TEXT    NOT NULL CHECK (json_valid(servers)),
    origin      TEXT    NOT NULL CHECK (origin IN ('gate', 'worker')),
    lifetime_ms INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    ended_at    INTEGER,
    mac         BLOB    NOT NULL
) STRICT;
CREATE INDEX jobs_of_principal ON jobs (principal, ends_at);
CREATE INDEX jobs_by_end ON jobs (ends_at);

-- Where a job waits, or waited, for its owner: its state now, one row per job, server and reason. A row opens again after a
-- restoration. `event` is the row of job_events that announced the wait that is open, or was last.
CREATE TABLE job_waits (
    job         TEXT    NOT NULL REFERENCES jobs (id),
    server      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'restored', 'skipped', 'deadline_passed', 'disconnected',
                                                  'too_many_waiting', 'not_recoverable')),
    event       INTEGER REFERENCES job_events (id),
    opened_at   INTEGER NOT NULL,
    waits_until INTEGER,
    ended_at    INTEGER,
    PRIMARY KEY (job, server, reason),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK (state <> 'waiting' OR waits_until IS NOT NULL AND event IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_waits_open ON job_waits (waits_until) WHERE state = 'waiting';

-- What the stream of a job tells of its waits, each once. Ids are those of the stream, rise and are never used again.
-- `reason` is the fault of a `required`, the reason of a `skipped`; `waits_until` moves when a wait is extended.
CREATE TABLE job_events (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    job         TEXT    NOT NULL REFERENCES jobs (id),
    server      TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('required', 'restored', 'skipped')),
    reason      TEXT,
    waits_until INTEGER,
    written_at  INTEGER NOT NULL,
    CHECK ((kind = 'restored') = (reason IS NULL)),
    CHECK ((kind = 'required') = (waits_until IS NOT NULL))
) STRICT;
CREATE INDEX job_events_of_job ON job_events (job, id);

-- Attempts to sign in to AIQ Connect itself. A row is taken out when it is used.
CREATE TABLE sign_ins (
    state_hash   TEXT    NOT NULL PRIMARY KEY,
    browser_hash TEXT    NOT NULL,
    nonce        TEXT    NOT NULL,
    verifier     BLOB    NOT NULL,
    return_to    TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);

-- Signed-in browsers, by the hash of their cookie.
CREATE TABLE sessions (
    cookie_hash TEXT    NOT NULL PRIMARY KEY,
    principal   TEXT    NOT NULL REFERENCES principals (id),
    opened_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_end ON sessions (expires_at);
