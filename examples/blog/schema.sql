CREATE TABLE IF NOT EXISTS comment (
    id TEXT PRIMARY KEY,                  -- Gatepost calls it external_id
    author TEXT NOT NULL,                 -- the cookie of the browser that wrote it
    author_name TEXT NOT NULL,
    author_url TEXT NOT NULL,
    text TEXT NOT NULL,
    posted_at TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending',
    sequence INTEGER NOT NULL DEFAULT 0,  -- of two events, the higher one is the later
    unsent TEXT                           -- what Gatepost has yet to take; then null: e-mail and IP address do not stay
);

CREATE TABLE IF NOT EXISTS webhook (id TEXT PRIMARY KEY);
