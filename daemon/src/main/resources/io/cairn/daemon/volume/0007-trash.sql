-- What was deleted and is still on its backend, to be brought back. volume_name is that of a
-- snapshot's volume. marked: it says of itself on the backend that it is in the trash. going: it is
-- being deleted there, and cannot be brought back any more.
CREATE CACHED TABLE trash (
    ordinal BIGINT NOT NULL,
    id UUID NOT NULL,
    kind VARCHAR(16) NOT NULL,
    backend VARCHAR(63) NOT NULL,
    pool VARCHAR(63) NOT NULL,
    volume_id UUID NOT NULL,
    volume_name VARCHAR(63) NOT NULL,
    name VARCHAR(63) NOT NULL,
    size_bytes BIGINT NOT NULL,
    adopted_from VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL,
    marked BOOLEAN NOT NULL,
    going BOOLEAN NOT NULL,
    CONSTRAINT trash_id PRIMARY KEY (id),
    CONSTRAINT trash_order UNIQUE (backend, ordinal),
    CONSTRAINT trash_name UNIQUE (name, backend, ordinal));
CREATE INDEX trash_volume ON trash (volume_id);
CREATE INDEX trash_going ON trash (going, backend, ordinal);

-- Counted as it comes and goes, since counting rows would read them all.
CREATE MEMORY TABLE trash_count (
    backend VARCHAR(63) NOT NULL,
    items BIGINT NOT NULL,
    CONSTRAINT trash_count_backend PRIMARY KEY (backend));
