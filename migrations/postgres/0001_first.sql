-- The first schema: the twin of the SQLite one. Times are milliseconds since 1970 in UTC, written by the database's own
-- clock. Lists are JSON arrays. Columns that end in _at, _until or _since hold times, and nothing else does. Sealed
-- columns open only with a vault key. The schema's name is always written out: a pooler keeps no search_path.
-- Keys compare as bytes (COLLATE "C"): new collation rules of an upgraded system cannot make their indexes wrong.

-- People, as their OpenID issuer names them. The id is a hash over issuer, kind and sub.
-- A person's row is also the lock of all their keys: whatever makes or forgets a grant takes it first.
CREATE TABLE aiq_connect.principals (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    issuer        TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    sub           TEXT COLLATE "C" NOT NULL,
    name          TEXT             NOT NULL,
    email         TEXT,
    first_seen_at BIGINT           NOT NULL,
    UNIQUE (issuer, kind, sub)
);

-- One person's tokens for one server. Bound for life to issuer, client and resource; `version` rises with the tokens.
-- The lease says who may refresh; `in_doubt_since` says that a refresh was sent and no answer has been stored yet.
-- Room is left on every page, so that a refresh changes a row in place and no index.
CREATE TABLE aiq_connect.grants (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal       TEXT COLLATE "C" NOT NULL REFERENCES aiq_connect.principals (id),
    server          TEXT COLLATE "C" NOT NULL,
    version         BIGINT           NOT NULL CHECK (version >= 1),
    issuer          TEXT             NOT NULL,
    client_id       TEXT             NOT NULL,
    resource        TEXT             NOT NULL,
    redirect_uri    TEXT             NOT NULL,
    scopes          TEXT             NOT NULL,
    access_token    BYTEA            NOT NULL,
    refresh_token   BYTEA,
    issued_at       BIGINT           NOT NULL,
    expires_at      BIGINT,
    fault           TEXT,
    fault_reference TEXT,
    faulted_at      BIGINT,
    lease_owner     TEXT,
    lease_until     BIGINT,
    in_doubt_since  BIGINT,
    account_label   TEXT,
    connected_at    BIGINT           NOT NULL,
    UNIQUE (principal, server),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CHECK ((fault IS NULL) = (faulted_at IS NULL))
) WITH (fillfactor = 80);

-- Sign-in attempts at providers. What was sent is there from the start of the journey on, all of it or nothing.
-- `place` is the order of announcements, for those that share a millisecond.
CREATE TABLE aiq_connect.flows (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal    TEXT COLLATE "C" NOT NULL REFERENCES aiq_connect.principals (id),
    source       TEXT             NOT NULL,
    server       TEXT COLLATE "C" NOT NULL,
    intent       TEXT             NOT NULL,
    phase        TEXT             NOT NULL CHECK (phase IN ('pending', 'exchanging', 'succeeded', 'denied', 'failed',
                                                            'cancelled')),
    code         TEXT,
    announced_at BIGINT           NOT NULL,
    expires_at   BIGINT           NOT NULL,
    state_hash   TEXT COLLATE "C" UNIQUE,
    browser_hash TEXT,
    issuer       TEXT,
    iss_promised BOOLEAN,
    client_id    TEXT,
    resource     TEXT,
    redirect_uri TEXT,
    scopes       TEXT,
    verifier     BYTEA,
    return_to    TEXT,
    place        BIGINT           NOT NULL GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX flows_of_principal ON aiq_connect.flows (principal, server);
CREATE INDEX flows_by_end ON aiq_connect.flows (expires_at);

-- Our OAuth clients, one per issuer and redirect URI.
CREATE TABLE aiq_connect.registrations (
    issuer        TEXT COLLATE "C" NOT NULL,
    redirect_uri  TEXT COLLATE "C" NOT NULL,
    client_id     TEXT             NOT NULL,
    client_secret BYTEA,
    auth          TEXT             NOT NULL,
    registered_at BIGINT           NOT NULL,
    UNIQUE (issuer, redirect_uri)
);

-- Job references: which job may ask for whose tokens, for which servers, until when. The HMAC covers all that is fixed.
-- A job's row is also the lock of its waits and events: whoever writes one takes it first.
CREATE TABLE aiq_connect.jobs (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal   TEXT COLLATE "C" NOT NULL REFERENCES aiq_connect.principals (id),
    servers     TEXT             NOT NULL CHECK (servers::jsonb IS NOT NULL),
    origin      TEXT             NOT NULL CHECK (origin IN ('gate', 'worker')),
    lifetime_ms BIGINT           NOT NULL,
    created_at  BIGINT           NOT NULL,
    ends_at     BIGINT           NOT NULL,
    ended_at    BIGINT,
    mac         BYTEA            NOT NULL
);
CREATE INDEX jobs_of_principal ON aiq_connect.jobs (principal, ends_at);
CREATE INDEX jobs_by_end ON aiq_connect.jobs (ends_at);

-- What the stream of a job tells of its waits, each once. Ids are those of the stream, rise and are never used again.
-- Of one job they are taken under its lock, so they also become visible in their order and a reader skips none.
-- `reason` is the fault of a `required`, the reason of a `skipped`; `waits_until` moves when a wait is extended.
CREATE TABLE aiq_connect.job_events (
    id          BIGINT           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job         TEXT COLLATE "C" NOT NULL REFERENCES aiq_connect.jobs (id),
    server      TEXT COLLATE "C" NOT NULL,
    kind        TEXT             NOT NULL CHECK (kind IN ('required', 'restored', 'skipped')),
    reason      TEXT,
    waits_until BIGINT,
    written_at  BIGINT           NOT NULL,
    CHECK ((kind = 'restored') = (reason IS NULL)),
    CHECK ((kind = 'required') = (waits_until IS NOT NULL))
);
CREATE INDEX job_events_of_job ON aiq_connect.job_events (job, id);

-- Where a job waits, or waited, for its owner: its state now, one row per job, server and reason. A row opens again after a
-- restoration. `event` is the row of job_events that announced the wait that is open, or was last.
CREATE TABLE aiq_connect.job_waits (
    job         TEXT COLLATE "C" NOT NULL REFERENCES aiq_connect.jobs (id),
    server      TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL,
    state       TEXT             NOT NULL CHECK (state IN ('waiting', 'restored', 'skipped', 'deadline_passed',
                                                           'disconnected', 'too_many_waiting', 'not_recoverable')),
    event       BIGINT           REFERENCES aiq_connect.job_events (id),
    opened_at   BIGINT           NOT NULL,
    waits_until BIGINT,
    ended_at    BIGINT,
    PRIMARY KEY (job, server, reason),
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK (state <> 'waiting' OR waits_until IS NOT NULL AND event IS NOT NULL)
);
CREATE INDEX job_waits_open ON aiq_connect.job_waits (waits_until) WHERE state = 'waiting';

-- Attempts to sign in to AIQ Connect itself. A row is taken out when it is used.
CREATE TABLE aiq_connect.sign_ins (
    state_hash   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    browser_hash TEXT             NOT NULL,
    nonce        TEXT             NOT NULL,
    verifier     BYTEA            NOT NULL,
    return_to    TEXT             NOT NULL,
    expires_at   BIGINT           NOT NULL
);
CREATE INDEX sign_ins_by_end ON aiq_connect.sign_ins (expires_at);

-- Signed-in browsers, by the hash of their cookie.
CREATE TABLE aiq_connect.sessions (
    cookie_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal   TEXT COLLATE "C" NOT NULL REFERENCES aiq_connect.principals (id),
    opened_at   BIGINT           NOT NULL,
    expires_at  BIGINT           NOT NULL
);
CREATE INDEX sessions_by_end ON aiq_connect.sessions (expires_at);
