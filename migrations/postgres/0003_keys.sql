-- Keys by their ids, never the keys themselves: the twin of the SQLite migration. One seals; others may still open what
-- they sealed.

CREATE TABLE aiq_connect.keys (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    state        TEXT             NOT NULL CHECK (state IN ('added', 'active', 'retired', 'removed')),
    added_at     BIGINT           NOT NULL,
    activated_at BIGINT,
    retired_at   BIGINT,
    place        BIGINT           NOT NULL GENERATED ALWAYS AS IDENTITY
);
CREATE UNIQUE INDEX keys_one_active ON aiq_connect.keys (state) WHERE state = 'active';

-- Processes that serve, and which keys each holds: who would not be ready after a change of keys.
CREATE TABLE aiq_connect.replicas (
    name    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    keys    TEXT             NOT NULL CHECK (keys::jsonb IS NOT NULL),
    seen_at BIGINT           NOT NULL
);

-- Names of grants that are over. A row that somebody kept and puts back is refused, and so is an older version of a row
-- that is there: sealed values open by the name and version that stand beside them, so these must not come back.
CREATE TABLE aiq_connect.ended_grants (
    id       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    ended_at BIGINT           NOT NULL
);

CREATE FUNCTION aiq_connect.end_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aiq_connect.ended_grants (id, ended_at)
    VALUES (OLD.id, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER grants_end AFTER DELETE ON aiq_connect.grants
FOR EACH ROW EXECUTE FUNCTION aiq_connect.end_grant();

CREATE FUNCTION aiq_connect.refuse_ended_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM aiq_connect.ended_grants WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'the row of a grant that was there before must not be put back' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER grants_stay_ended BEFORE INSERT ON aiq_connect.grants
FOR EACH ROW EXECUTE FUNCTION aiq_connect.refuse_ended_grant();

CREATE FUNCTION aiq_connect.refuse_older_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an older version of a grant must not be put back' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER grants_go_forward BEFORE UPDATE ON aiq_connect.grants
FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.version < OLD.version) EXECUTE FUNCTION aiq_connect.refuse_older_grant();
