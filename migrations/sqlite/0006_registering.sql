-- Registrations under way (RFC 7591), so that all processes together make one. Whoever holds the lease asks the issuer, all others
-- wait. A row whose time is over holds nobody; `failure` tells those who waited how that attempt ended. Where a registration is
-- kept, there is no row.
CREATE TABLE registering (
    issuer       TEXT    NOT NULL,
    redirect_uri TEXT    NOT NULL,
    holder       TEXT    NOT NULL,
    attempt      INTEGER NOT NULL CHECK (attempt >= 1),
    lease_until  INTEGER NOT NULL,
    failure      TEXT,
    PRIMARY KEY (issuer, redirect_uri)
) STRICT, WITHOUT ROWID;

-- What removing the names of grants that ended long ago looks for.
CREATE INDEX ended_grants_by_end ON ended_grants (ended_at);
