-- Running sums: a list of a month is read off an index, and not added up of each media's and user's days.
-- depends: 0015-insight

-- Which hours or days are in them. `all` has every day that is kept: no span has more.
CREATE TABLE insight_spans (
    subject text NOT NULL,  -- media or users
    span text NOT NULL,  -- 24h, 7d, 30d, all
    grain text NOT NULL,
    start timestamptz NOT NULL,
    stop timestamptz NOT NULL,
    PRIMARY KEY (subject, span)
);
INSERT INTO insight_spans
    SELECT subject, span, grain, to_timestamp(0), CASE WHEN span = 'all' THEN timestamptz '3000-01-01Z' ELSE to_timestamp(0) END
    FROM unnest(ARRAY['media', 'users']) subject,
        (VALUES ('24h', 'h'), ('7d', 'd'), ('30d', 'd'), ('all', 'd')) spans(span, grain);

-- In every transaction: what the rows of insight_media with this grain, from start on and before stop, add up to.
CREATE TABLE insight_media_lately (
    span text NOT NULL,
    media_id uuid NOT NULL,
    views bigint NOT NULL,
    watched_ms bigint NOT NULL,
    downloads bigint NOT NULL,
    PRIMARY KEY (span, media_id)
);
CREATE INDEX insight_media_most ON insight_media_lately (span, views DESC, watched_ms DESC, downloads DESC, media_id);

CREATE TABLE insight_users_lately (
    span text NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    watched_ms bigint NOT NULL,
    views bigint NOT NULL,
    sittings bigint NOT NULL,
    downloads bigint NOT NULL,
    PRIMARY KEY (span, user_id)
);
CREATE INDEX insight_users_most ON insight_users_lately (span, watched_ms DESC, views DESC, user_id);
CREATE INDEX insight_users_lately_of ON insight_users_lately (user_id);

INSERT INTO insight_media_lately SELECT 'all', media_id, sum(views), sum(watched_ms), sum(downloads) FROM insight_media
    WHERE grain = 'd' AND (views <> 0 OR watched_ms <> 0 OR downloads <> 0) GROUP BY media_id;
INSERT INTO insight_users_lately SELECT 'all', user_id, sum(watched_ms), sum(views), sum(sittings), sum(downloads)
    FROM insight_users WHERE grain = 'd' GROUP BY user_id;

-- Whether somebody was active in a span is asked of each user.
DROP INDEX insight_users_of;
CREATE INDEX insight_users_of ON insight_users (user_id, grain, at);
