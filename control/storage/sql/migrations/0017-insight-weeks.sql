-- Whole weeks of a longer span: a seventh of what its days are. Only spans of somebody's own need them.
-- depends: 0016-insight-lately

-- Mondays of UTC; of all weeks that begin where insight_spans says that `all` does, or later.
CREATE TABLE insight_media_weeks (
    at timestamptz NOT NULL,
    media_id uuid NOT NULL,
    views bigint NOT NULL,
    watched_ms bigint NOT NULL,
    downloads bigint NOT NULL,
    PRIMARY KEY (at, media_id)
);
CREATE INDEX insight_media_weeks_of ON insight_media_weeks (media_id, at);

CREATE TABLE insight_users_weeks (
    at timestamptz NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    watched_ms bigint NOT NULL,
    views bigint NOT NULL,
    sittings bigint NOT NULL,
    downloads bigint NOT NULL,
    PRIMARY KEY (at, user_id)
);
CREATE INDEX insight_users_weeks_of ON insight_users_weeks (user_id, at);

INSERT INTO insight_media_weeks
    SELECT date_trunc('week', at, 'UTC'), media_id, sum(views), sum(watched_ms), sum(downloads) FROM insight_media
    WHERE grain = 'd' AND (views <> 0 OR watched_ms <> 0 OR downloads <> 0) GROUP BY 1, 2;
INSERT INTO insight_users_weeks
    SELECT date_trunc('week', at, 'UTC'), user_id, sum(watched_ms), sum(views), sum(sittings), sum(downloads)
    FROM insight_users WHERE grain = 'd' GROUP BY 1, 2;
