-- Registrations under way (RFC 7591), so that all processes together make one: the twin of the SQLite migration. Whoever holds the
-- lease asks the issuer, all others wait. A row whose time is over holds nobody; `failure` tells those who waited how that attempt
-- ended. Where a registration is kept, there is no row.
CREATE TABLE aiq_connect.registering (
    issuer       TEXT COLLATE "C" NOT NULL,
    redirect_uri TEXT COLLATE "C" NOT NULL,
    holder       TEXT             NOT NULL,
    attempt      BIGINT           NOT NULL CHECK (attempt >= 1),
    lease_until  BIGINT           NOT NULL,
    failure      TEXT,
    PRIMARY KEY (issuer, redirect_uri)
);

-- What removing the names of grants that ended long ago looks for.
CREATE INDEX ended_grants_by_end ON aiq_connect.ended_grants (ended_at);
