-- Keys by their ids, never the keys themselves. One seals; others may still open what they sealed.

CREATE TABLE keys (
    id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    state        TEXT    NOT NULL CHECK (state IN ('added', 'active', 'retired', 'removed')),
    added_at     INTEGER NOT NULL,
    activated_at INTEGER,
    retired_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX keys_one_active ON keys (state) WHERE state = 'active';

-- Processes that serve, and which keys each holds: who would not be ready after a change of keys.
CREATE TABLE replicas (
    name    TEXT    NOT NULL PRIMARY KEY,
    keys    TEXT    NOT NULL CHECK (json_valid(keys)),
    seen_at INTEGER NOT NULL
) STRICT;

-- Names of grants that are over. A row that somebody kept and puts back is refused, and so is an older version of a row
-- that is there: sealed values open by the name and version that stand beside them, so these must not come back.
CREATE TABLE ended_grants (
    id       TEXT    NOT NULL PRIMARY KEY,
    ended_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER grants_end AFTER DELETE ON grants BEGIN
    INSERT INTO ended_grants (id, ended_at) VALUES (OLD.id, CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER))
    ON CONFLICT (id) DO NOTHING;
END;

CREATE TRIGGER grants_stay_ended BEFORE INSERT ON grants
WHEN EXISTS (SELECT 1 FROM ended_grants WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM grants WHERE id = NEW.id) BEGIN
    SELECT RAISE(ABORT, 'the row of a grant that was there before must not be put back');
END;

CREATE TRIGGER grants_go_forward BEFORE UPDATE ON grants WHEN NEW.id <> OLD.id OR NEW.version < OLD.version BEGIN
    SELECT RAISE(ABORT, 'an older version of a grant must not be put back');
END;
