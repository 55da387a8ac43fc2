-- How often something of a person has changed that somebody may be looking at: what the listing shows, what their jobs' streams
-- tell, whether they are signed in. Raised by triggers, so that no writer can forget it. Leases and doubts are nobody's news.
-- The triggers run when their transaction commits, so this row is the last that any transaction locks, and for a moment only;
-- and whoever waits for it waits for somebody who needs nothing more. So whoever sees a serial sees what raised it.
-- No reference to the person: checking it would take a lock that others hold while they wait for this row.
CREATE TABLE aiq_connect.changes (
    principal TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    serial    BIGINT           NOT NULL
) WITH (fillfactor = 80);

-- The channel is told the person, whom it names by a hash.
CREATE FUNCTION aiq_connect.raise_serial(person TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO aiq_connect.changes AS known (principal, serial)
        SELECT p.id, 1 FROM aiq_connect.principals p WHERE p.id = person
        ON CONFLICT (principal) DO UPDATE SET serial = known.serial + 1;
    PERFORM pg_catalog.pg_notify('aiq_connect', person);
END $$;

CREATE FUNCTION aiq_connect.persons_row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM aiq_connect.raise_serial(OLD.principal);
    ELSE
        PERFORM aiq_connect.raise_serial(NEW.principal);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION aiq_connect.jobs_row_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM aiq_connect.raise_serial(principal) FROM aiq_connect.jobs WHERE id = NEW.job;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER grants_came AFTER INSERT ON aiq_connect.grants DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.persons_row_changed();
CREATE CONSTRAINT TRIGGER grants_changed
    AFTER UPDATE OF version, scopes, expires_at, fault, fault_reference, account_label, connected_at ON aiq_connect.grants
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aiq_connect.persons_row_changed();
CREATE CONSTRAINT TRIGGER grants_went AFTER DELETE ON aiq_connect.grants DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.persons_row_changed();

CREATE CONSTRAINT TRIGGER flows_came AFTER INSERT ON aiq_connect.flows DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.persons_row_changed();
CREATE CONSTRAINT TRIGGER flows_changed AFTER UPDATE OF phase, code, expires_at ON aiq_connect.flows
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aiq_connect.persons_row_changed();
-- Those that ended are swept, and nobody sees it.
CREATE CONSTRAINT TRIGGER flows_went AFTER DELETE ON aiq_connect.flows DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.phase IN ('pending', 'exchanging')) EXECUTE FUNCTION aiq_connect.persons_row_changed();

CREATE CONSTRAINT TRIGGER job_events_came AFTER INSERT ON aiq_connect.job_events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.jobs_row_changed();
CREATE CONSTRAINT TRIGGER job_events_changed AFTER UPDATE OF waits_until ON aiq_connect.job_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION aiq_connect.jobs_row_changed();
CREATE CONSTRAINT TRIGGER jobs_ended AFTER UPDATE OF ended_at ON aiq_connect.jobs DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.persons_row_changed();

-- Somebody signed out. Sessions whose time is over are swept, and their streams notice by themselves.
CREATE CONSTRAINT TRIGGER sessions_went AFTER DELETE ON aiq_connect.sessions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.expires_at > (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    EXECUTE FUNCTION aiq_connect.persons_row_changed();

-- Nothing is kept of somebody who is forgotten.
CREATE FUNCTION aiq_connect.forget_serial() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM aiq_connect.changes WHERE principal = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER principals_went AFTER DELETE ON aiq_connect.principals
    FOR EACH ROW EXECUTE FUNCTION aiq_connect.forget_serial();
