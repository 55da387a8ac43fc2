-- The audit trail, the queue of what providers have yet to end, and grants in quarantine.

-- Kept, and used for nothing, since then.
ALTER TABLE grants ADD COLUMN quarantined_at INTEGER;

-- What happened, append-only. Each process that writes has a chain of its own, numbered without gaps; each record's HMAC
-- covers all of it and the record before. A chain's first record names the newest one of all others at that time.
-- `principal` refers to nobody, so that records outlive people who are forgotten.
CREATE TABLE audit (
    chain           TEXT    NOT NULL,
    number          INTEGER NOT NULL CHECK (number >= 1),
    recorded_at     INTEGER NOT NULL,
    kind            TEXT    NOT NULL,
    principal       TEXT,
    server          TEXT,
    grant_id        TEXT,
    version         INTEGER,
    job             TEXT,
    reference       TEXT,
    detail          TEXT    NOT NULL CHECK (json_valid(detail)),
    swept_before_at INTEGER,
    follows_chain   TEXT,
    follows_number  INTEGER,
    previous_at     INTEGER,
    previous_mac    BLOB,
    mac             BLOB    NOT NULL,
    PRIMARY KEY (chain, number),
    CHECK ((follows_chain IS NULL) = (follows_number IS NULL)),
    CHECK ((previous_at IS NULL) = (previous_mac IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_time ON audit (recorded_at);
CREATE INDEX audit_sweeps ON audit (swept_before_at) WHERE swept_before_at IS NOT NULL;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit records are never changed');
END;
-- INSERT OR REPLACE asks no other trigger.
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE chain = NEW.chain AND number = NEW.number)
BEGIN
    SELECT RAISE(IGNORE);
END;
-- A record goes only after another one says that all of its age may.
CREATE TRIGGER audit_ends_by_retention_alone BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit WHERE swept_before_at > OLD.recorded_at)
BEGIN
    SELECT RAISE(ABORT, 'audit records go by retention alone');
END;

-- Tokens of forgotten grants that their provider has yet to end, sealed for this place. Taking an entry means to be the
-- one who counted the attempt; who dies over it loses it when `next_attempt_at` comes.
CREATE TABLE revocations (
    id              TEXT    NOT NULL PRIMARY KEY,
    principal       TEXT    NOT NULL,
    server          TEXT    NOT NULL,
    grant_id        TEXT    NOT NULL,
    issuer          TEXT    NOT NULL,
    client_id       TEXT    NOT NULL,
    redirect_uri    TEXT    NOT NULL,
    refresh_token   BLOB,
    access_token    BLOB,
    attempts        INTEGER NOT NULL CHECK (attempts >= 0),
    queued_at       INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    gives_up_at     INTEGER NOT NULL,
    CHECK (refresh_token IS NOT NULL OR access_token IS NOT NULL)
) STRICT;
CREATE INDEX revocations_by_attempt ON revocations (next_attempt_at);


-- What removing people and old jobs looks for.
CREATE INDEX sessions_of_principal ON sessions (principal);
CREATE INDEX job_waits_of_event ON job_waits (event);
