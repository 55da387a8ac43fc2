-- When a grant may be refreshed, and what its MCP server made of its tokens.

-- A refresh that did not work is tried again no sooner than `retry_at`; `failures` counts those in a row.
ALTER TABLE grants ADD COLUMN retry_at INTEGER;
ALTER TABLE grants ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
-- What a log line and an administrator are told beside the fault.
ALTER TABLE grants ADD COLUMN fault_detail TEXT;
-- When it was last refreshed only because the server refused a token that should have been good.
ALTER TABLE grants ADD COLUMN forced_at INTEGER;
-- How often in a row the server refused a token that had just been issued, and until when it is left alone.
ALTER TABLE grants ADD COLUMN rejections INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN rejected_until INTEGER;

-- Finds whether a server refuses the tokens of many people.
CREATE INDEX grants_rejected ON grants (server, faulted_at) WHERE fault = 'rejected_by_server';

-- Issuers whose token endpoints answered badly. All grants of an issuer wait until `rest_until`; `failures` counts in a row.
CREATE TABLE issuer_rests (
    issuer     TEXT    NOT NULL PRIMARY KEY,
    failures   INTEGER NOT NULL,
    rest_until INTEGER
) STRICT;
