-- What volumes and snapshots carry besides, who is connected to them, and what was deleted.

ALTER TABLE volume ADD COLUMN zone VARCHAR(255) DEFAULT '' NOT NULL;
ALTER TABLE volume ADD COLUMN project VARCHAR(255) DEFAULT '' NOT NULL;
ALTER TABLE volume ADD COLUMN owner VARCHAR(255) DEFAULT '' NOT NULL;
ALTER TABLE volume ADD COLUMN specs VARCHAR(16384) DEFAULT '' NOT NULL;
ALTER TABLE volume ADD COLUMN qos VARCHAR(16384) DEFAULT '' NOT NULL;
ALTER TABLE volume ADD COLUMN connection_count BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE volume ADD COLUMN hold_count BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE volume ADD COLUMN adopted_from VARCHAR(255) DEFAULT '' NOT NULL;
ALTER TABLE snapshot ADD COLUMN connection_count BIGINT DEFAULT 0 NOT NULL;
ALTER TABLE snapshot ADD COLUMN hold_count BIGINT DEFAULT 0 NOT NULL;

-- What the newer kinds of intents need to be carried out again.
ALTER TABLE intent ADD COLUMN size_bytes BIGINT;
ALTER TABLE intent ADD COLUMN connection_id UUID;
ALTER TABLE intent ADD COLUMN path VARCHAR(4096);

-- The tags that protect a volume or a snapshot from being deleted.
CREATE CACHED TABLE hold (
    object_id UUID NOT NULL,
    tag VARCHAR(63) NOT NULL,
    held_by VARCHAR(255) NOT NULL,
    held_at BIGINT NOT NULL,
    CONSTRAINT hold_tag PRIMARY KEY (object_id, tag));

-- connector, info and secrets are percent-encoded pairs; of secrets only the keys count.
CREATE CACHED TABLE connection (
    ordinal BIGINT NOT NULL,
    id UUID NOT NULL,
    volume_id UUID NOT NULL,
    snapshot_id UUID,
    backend VARCHAR(63) NOT NULL,
    host VARCHAR(255) NOT NULL,
    is_local BOOLEAN NOT NULL,
    read_only BOOLEAN NOT NULL,
    protocol VARCHAR(63) NOT NULL,
    connector VARCHAR(65536) NOT NULL,
    info VARCHAR(65536) NOT NULL,
    secrets VARCHAR(65536) NOT NULL,
    device VARCHAR(4096) NOT NULL,
    state VARCHAR(16) NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT connection_id PRIMARY KEY (id),
    CONSTRAINT connection_order_in_volume UNIQUE (volume_id, ordinal),
    CONSTRAINT connection_order UNIQUE (backend, ordinal));

-- What was deleted, for as long as it is to be remembered. volume_name is that of a snapshot's volume.
CREATE CACHED TABLE tombstone (
    ordinal BIGINT NOT NULL,
    id UUID NOT NULL,
    kind VARCHAR(16) NOT NULL,
    backend VARCHAR(63) NOT NULL,
    volume_id UUID NOT NULL,
    volume_name VARCHAR(63) NOT NULL,
    name VARCHAR(63) NOT NULL,
    description VARCHAR(255) NOT NULL,
    labels VARCHAR(16384) NOT NULL,
    size_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL,
    CONSTRAINT tombstone_id PRIMARY KEY (id),
    CONSTRAINT tombstone_order UNIQUE (backend, ordinal),
    CONSTRAINT tombstone_name UNIQUE (name, backend, ordinal));
CREATE INDEX tombstone_age ON tombstone (deleted_at);
