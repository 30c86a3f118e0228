-- Volumes, their snapshots, and what is being done to them.
-- Times are nanoseconds since 1970 UTC. Labels are LABEL=VALUE lines, each between line breaks.

-- Only the indexes of the order begin with the backend or the volume. Where two indexes begin with the
-- same column HSQLDB takes the first of them, and a page of a list would read and sort all there is.

-- Puts volumes and snapshots into the order in which they came to be.
CREATE SEQUENCE ordinal AS BIGINT;

-- origin_volume and origin_snapshot: what it was made from, kept when that is gone.
CREATE CACHED TABLE volume (
    id UUID NOT NULL,
    ordinal BIGINT NOT NULL,
    backend VARCHAR(63) NOT NULL,
    pool VARCHAR(63) NOT NULL,
    name VARCHAR(63) NOT NULL,
    description VARCHAR(255) NOT NULL,
    labels VARCHAR(16384) NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    origin_volume UUID,
    origin_snapshot UUID,
    location VARCHAR(4096) NOT NULL,
    snapshot_count BIGINT NOT NULL,
    CONSTRAINT volume_id PRIMARY KEY (id),
    CONSTRAINT volume_name UNIQUE (name, backend),
    CONSTRAINT volume_order UNIQUE (backend, ordinal));

-- backend repeats what the volume says, so that a backend's snapshots are a range of an index.
CREATE CACHED TABLE snapshot (
    id UUID NOT NULL,
    ordinal BIGINT NOT NULL,
    backend VARCHAR(63) NOT NULL,
    volume_id UUID NOT NULL,
    name VARCHAR(63) NOT NULL,
    description VARCHAR(255) NOT NULL,
    labels VARCHAR(16384) NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    location VARCHAR(4096) NOT NULL,
    CONSTRAINT snapshot_id PRIMARY KEY (id),
    CONSTRAINT snapshot_name UNIQUE (name, volume_id),
    CONSTRAINT snapshot_order_in_volume UNIQUE (volume_id, ordinal),
    CONSTRAINT snapshot_order UNIQUE (backend, ordinal));

-- What was decided and is not known to be finished. snapshot_id, name, description and labels are
-- those of the snapshot to be cut or deleted.
CREATE MEMORY TABLE intent (
    volume_id UUID NOT NULL,
    kind VARCHAR(40) NOT NULL,
    begun_at BIGINT NOT NULL,
    snapshot_id UUID,
    name VARCHAR(63),
    description VARCHAR(255),
    labels VARCHAR(16384),
    CONSTRAINT intent_volume PRIMARY KEY (volume_id),
    CONSTRAINT intent_snapshot UNIQUE (snapshot_id));

-- Counted as they come and go, since counting rows would read them all.
CREATE MEMORY TABLE backend_count (
    backend VARCHAR(63) NOT NULL,
    volumes BIGINT NOT NULL,
    snapshots BIGINT NOT NULL,
    CONSTRAINT backend_count_backend PRIMARY KEY (backend));
