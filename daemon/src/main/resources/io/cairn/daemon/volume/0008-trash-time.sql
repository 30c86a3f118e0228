-- since: when it got there, by the trash's own time. asked: somebody wants it to go, so that an
-- attempt that fails does not let it be brought back. told: what its object said of itself when it
-- got there unmarked; empty if the object was not there.
ALTER TABLE trash ADD COLUMN since BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE trash ADD COLUMN asked BOOLEAN DEFAULT FALSE NOT NULL;
ALTER TABLE trash ADD COLUMN told VARCHAR(3000) DEFAULT '' NOT NULL;
UPDATE trash SET since = deleted_at, asked = going;

-- The trash's own time as it was last written down, in nanoseconds, and what the clock of the host
-- said then: one row, or none.
CREATE MEMORY TABLE trash_time (
    id INTEGER NOT NULL,
    passed BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    CONSTRAINT trash_time_id PRIMARY KEY (id));
