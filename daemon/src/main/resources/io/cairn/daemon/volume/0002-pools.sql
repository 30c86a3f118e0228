-- What each pool holds, counted as it comes and goes for the same reason as in backend_count.
-- provisioned_bytes: the sizes of its volumes together.
CREATE MEMORY TABLE pool_count (
    backend VARCHAR(63) NOT NULL,
    pool VARCHAR(63) NOT NULL,
    volumes BIGINT NOT NULL,
    snapshots BIGINT NOT NULL,
    provisioned_bytes BIGINT NOT NULL,
    CONSTRAINT pool_count_pool PRIMARY KEY (backend, pool));

-- Volumes that are being created are counted once they are whole. Sizes may have been promised without
-- end so far, and their sum must not be too large for its column.
INSERT INTO pool_count (backend, pool, volumes, snapshots, provisioned_bytes)
    SELECT v.backend, v.pool, COUNT(*), SUM(v.snapshot_count),
        CAST(LEAST(SUM(CAST(v.size_bytes AS DECIMAL(38))), 9223372036854775807) AS BIGINT)
    FROM volume v
    WHERE v.id NOT IN (SELECT i.volume_id FROM intent i WHERE i.kind = 'CREATE_VOLUME')
    GROUP BY v.backend, v.pool;
