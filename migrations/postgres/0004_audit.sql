-- The audit trail, the queue of what providers have yet to end, and grants in quarantine: the twin of the SQLite one.

-- Kept, and used for nothing, since then.
ALTER TABLE aiq_connect.grants ADD COLUMN quarantined_at BIGINT;

-- What happened, append-only. Each process that writes has a chain of its own, numbered without gaps; each record's HMAC
-- covers all of it and the record before. A chain's first record names the newest one of all others at that time.
-- `principal` refers to nobody, so that records outlive people who are forgotten.
CREATE TABLE aiq_connect.audit (
    chain           TEXT COLLATE "C" NOT NULL,
    number          BIGINT           NOT NULL CHECK (number >= 1),
    recorded_at     BIGINT           NOT NULL,
    kind            TEXT             NOT NULL,
    principal       TEXT COLLATE "C",
    server          TEXT COLLATE "C",
    grant_id        TEXT COLLATE "C",
    version         BIGINT,
    job             TEXT COLLATE "C",
    reference       TEXT,
    detail          TEXT             NOT NULL CHECK (detail::jsonb IS NOT NULL),
    swept_before_at BIGINT,
    follows_chain   TEXT,
    follows_number  BIGINT,
    previous_at     BIGINT,
    previous_mac    BYTEA,
    mac             BYTEA            NOT NULL,
    PRIMARY KEY (chain, number),
    CHECK ((follows_chain IS NULL) = (follows_number IS NULL)),
    CHECK ((previous_at IS NULL) = (previous_mac IS NULL))
);
CREATE INDEX audit_by_time ON aiq_connect.audit (recorded_at);
CREATE INDEX audit_sweeps ON aiq_connect.audit (swept_before_at) WHERE swept_before_at IS NOT NULL;

CREATE FUNCTION aiq_connect.refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit records are never changed' USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON aiq_connect.audit
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.refuse_change_of_audit();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON aiq_connect.audit
    FOR EACH STATEMENT EXECUTE FUNCTION aiq_connect.refuse_change_of_audit();

-- A record goes only after another one says that all of its age may.
CREATE FUNCTION aiq_connect.refuse_early_end_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM aiq_connect.audit WHERE swept_before_at > OLD.recorded_at) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit records go by retention alone' USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER audit_ends_by_retention_alone BEFORE DELETE ON aiq_connect.audit
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.refuse_early_end_of_audit();

-- Tokens of forgotten grants that their provider has yet to end, sealed for this place. Taking an entry means to be the
-- one who counted the attempt; who dies over it loses it when `next_attempt_at` comes.
CREATE TABLE aiq_connect.revocations (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    principal       TEXT COLLATE "C" NOT NULL,
    server          TEXT COLLATE "C" NOT NULL,
    grant_id        TEXT COLLATE "C" NOT NULL,
    issuer          TEXT             NOT NULL,
    client_id       TEXT             NOT NULL,
    redirect_uri    TEXT             NOT NULL,
    refresh_token   BYTEA,
    access_token    BYTEA,
    attempts        BIGINT           NOT NULL CHECK (attempts >= 0),
    queued_at       BIGINT           NOT NULL,
    next_attempt_at BIGINT           NOT NULL,
    gives_up_at     BIGINT           NOT NULL,
    CHECK (refresh_token IS NOT NULL OR access_token IS NOT NULL)
);
CREATE INDEX revocations_by_attempt ON aiq_connect.revocations (next_attempt_at);

-- What removing people and old jobs looks for.
CREATE INDEX sessions_of_principal ON aiq_connect.sessions (principal);
CREATE INDEX job_waits_of_event ON aiq_connect.job_waits (event);
