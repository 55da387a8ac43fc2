-- How often something of a person has changed that somebody may be looking at: what the listing shows, what their jobs' streams
-- tell, whether they are signed in. Raised by triggers, so that no writer can forget it. Leases and doubts are nobody's news.
CREATE TABLE changes (
    principal TEXT    NOT NULL PRIMARY KEY REFERENCES principals (id) ON DELETE CASCADE,
    serial    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER grants_came AFTER INSERT ON grants BEGIN
    INSERT INTO changes VALUES (NEW.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;
CREATE TRIGGER grants_changed
AFTER UPDATE OF version, scopes, expires_at, fault, fault_reference, account_label, connected_at ON grants BEGIN
    INSERT INTO changes VALUES (NEW.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;
CREATE TRIGGER grants_went AFTER DELETE ON grants BEGIN
    INSERT INTO changes VALUES (OLD.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;

CREATE TRIGGER flows_came AFTER INSERT ON flows BEGIN
    INSERT INTO changes VALUES (NEW.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;
CREATE TRIGGER flows_changed AFTER UPDATE OF phase, code, expires_at ON flows BEGIN
    INSERT INTO changes VALUES (NEW.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;
-- Those that ended are swept, and nobody sees it.
CREATE TRIGGER flows_went AFTER DELETE ON flows WHEN OLD.phase IN ('pending', 'exchanging') BEGIN
    INSERT INTO changes VALUES (OLD.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;

CREATE TRIGGER job_events_came AFTER INSERT ON job_events BEGIN
    INSERT INTO changes SELECT principal, 1 FROM jobs WHERE id = NEW.job ON CONFLICT DO UPDATE SET serial = serial + 1;
END;
CREATE TRIGGER job_events_changed AFTER UPDATE OF waits_until ON job_events BEGIN
    INSERT INTO changes SELECT principal, 1 FROM jobs WHERE id = NEW.job ON CONFLICT DO UPDATE SET serial = serial + 1;
END;
CREATE TRIGGER jobs_ended AFTER UPDATE OF ended_at ON jobs BEGIN
    INSERT INTO changes VALUES (NEW.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;

-- Somebody signed out. Sessions whose time is over are swept, and their streams notice by themselves.
CREATE TRIGGER sessions_went AFTER DELETE ON sessions
WHEN OLD.expires_at > CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) BEGIN
    INSERT INTO changes VALUES (OLD.principal, 1) ON CONFLICT DO UPDATE SET serial = serial + 1;
END;
