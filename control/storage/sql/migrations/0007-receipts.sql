-- What Nginx really delivered, how far its log has been read, and what of each ticket has left.
-- depends: 0005-stored-originals

-- One row for each delivery, and for each answer under a ticket that brought nothing (HEAD, 304, 416): it has ended. A
-- partition for each month (receipts_2026_11), made by the processor. Rows outlive the users and media that they name.
CREATE TABLE receipts (
    at timestamptz NOT NULL,  -- when it ended
    request text NOT NULL,
    user_id uuid,
    grant_id text,
    ticket text,
    media_id uuid,
    kind text NOT NULL,  -- one of control.domain.receipts.KINDS
    rung text,
    segment int,  -- of a rung; the period of a key
    -- Bytes of the file that have left Nginx: [range_start, range_end).
    range_start bigint NOT NULL,
    range_end bigint NOT NULL,
    size bigint,  -- of the whole file; NULL where nobody said it
    bytes bigint NOT NULL,
    status smallint NOT NULL,
    complete boolean NOT NULL,  -- all that was asked for has left
    seconds real NOT NULL,
    address inet,
    agent text NOT NULL DEFAULT ''
) PARTITION BY RANGE (at);
CREATE INDEX receipts_at ON receipts USING brin (at);
CREATE INDEX receipts_media ON receipts (media_id, at) WHERE media_id IS NOT NULL;
CREATE INDEX receipts_ticket ON receipts (ticket, at) WHERE ticket IS NOT NULL;

-- Moved in the transaction that writes the rows of the lines before it.
CREATE TABLE receipt_positions (
    source text NOT NULL,  -- whose log
    file text NOT NULL,  -- the first request id in it: it survives renaming and copying
    position bigint NOT NULL,  -- bytes
    lines bigint NOT NULL DEFAULT 0,
    bad_lines bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, file)
);

-- Which bytes of an item have been delivered for a ticket (nginx.contract.TICKET).
CREATE TABLE coverage (
    ticket text NOT NULL,
    item uuid NOT NULL,  -- a media, or an archive
    size bigint NOT NULL,
    ranges int8multirange NOT NULL DEFAULT '{}',
    covered bigint NOT NULL DEFAULT 0,
    completed_at timestamptz,  -- 99 % have been delivered
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (ticket, item)
);
CREATE INDEX coverage_updated ON coverage (updated_at);
