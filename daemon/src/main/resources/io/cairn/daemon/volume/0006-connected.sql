-- Whether hosts are connected, as one more facet, so that neither the volumes in use nor those that
-- are idle are looked for among all:
--     use=BACKEND/connected   use=BACKEND/idle
-- Snapshots have the first only, since nearly all of them are idle, and a facet is a row more to write.
-- For the same reason they have a facet for the pool of their volume,
--     pool=BACKEND/POOL
-- only where that is not 'default', which is the pool of nearly all that have one pool.
DROP TRIGGER volume_added;
DROP TRIGGER volume_changed;
DROP TRIGGER snapshot_added;
DROP TRIGGER snapshot_changed;
DROP TRIGGER snapshot_removed;

-- Cast, since texts of two lengths in a CASE would be padded with blanks to the same.
CREATE FUNCTION use_of(backend VARCHAR(63), connections BIGINT)
    RETURNS VARCHAR(512)
    RETURN CASE
        WHEN connections > 0 THEN CAST('use=' || backend || '/connected' || CHAR(10) AS VARCHAR(512))
        ELSE CAST('use=' || backend || '/idle' || CHAR(10) AS VARCHAR(512)) END;

INSERT INTO volume_facet
    SELECT v.id, use_of(v.backend, v.connection_count), v.ordinal, v.created_at, v.name,
        v.size_bytes
    FROM volume v;

CREATE TRIGGER volume_added AFTER INSERT ON volume
    REFERENCING NEW ROW AS new FOR EACH ROW
    BEGIN ATOMIC
        INSERT INTO volume_facet
            SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
            FROM UNNEST(facets_of_volume(
                new.backend, new.pool, new.labels, new.origin_volume, new.origin_snapshot))
                AS f(facet)
        ; INSERT INTO volume_facet VALUES (
            new.id, use_of(new.backend, new.connection_count), new.ordinal, new.created_at,
            new.name, new.size_bytes)
        ; END;

CREATE TRIGGER volume_changed AFTER UPDATE OF pool, name, labels, size_bytes ON volume
    REFERENCING NEW ROW AS new FOR EACH ROW
    BEGIN ATOMIC
        DELETE FROM volume_facet WHERE id = new.id
        ; INSERT INTO volume_facet
            SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
            FROM UNNEST(facets_of_volume(
                new.backend, new.pool, new.labels, new.origin_volume, new.origin_snapshot))
                AS f(facet)
        ; INSERT INTO volume_facet VALUES (
            new.id, use_of(new.backend, new.connection_count), new.ordinal, new.created_at,
            new.name, new.size_bytes)
        ; END;

CREATE TRIGGER volume_used AFTER UPDATE OF connection_count ON volume
    REFERENCING OLD ROW AS old NEW ROW AS new FOR EACH ROW
    WHEN (use_of(old.backend, old.connection_count) <> use_of(new.backend, new.connection_count))
    UPDATE volume_facet SET facet = use_of(new.backend, new.connection_count)
        WHERE id = new.id AND facet = use_of(old.backend, old.connection_count);

INSERT INTO snapshot_facet
    SELECT s.id, use_of(s.backend, s.connection_count), s.ordinal, s.created_at, s.name,
        s.size_bytes
    FROM snapshot s WHERE s.connection_count > 0;

INSERT INTO snapshot_facet
    SELECT s.id, 'pool=' || v.backend || '/' || v.pool || CHAR(10), s.ordinal, s.created_at,
        s.name, s.size_bytes
    FROM snapshot s JOIN volume v ON v.id = s.volume_id WHERE v.pool <> 'default';

CREATE TRIGGER snapshot_added AFTER INSERT ON snapshot
    REFERENCING NEW ROW AS new FOR EACH ROW
    BEGIN ATOMIC
        INSERT INTO snapshot_facet
            SELECT new.id, 'pool=' || v.backend || '/' || v.pool || CHAR(10), new.ordinal,
                new.created_at, new.name, new.size_bytes
            FROM volume v WHERE v.id = new.volume_id AND v.pool <> 'default'
        ; IF new.labels <> '' THEN
            INSERT INTO snapshot_facet
                SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
                FROM UNNEST(facets_of_snapshot(new.backend, new.labels)) AS f(facet)
            ; END IF
        ; END;

CREATE TRIGGER snapshot_changed AFTER UPDATE OF name, labels, size_bytes ON snapshot
    REFERENCING NEW ROW AS new FOR EACH ROW
    BEGIN ATOMIC
        DELETE FROM snapshot_facet WHERE id = new.id AND facet LIKE 'label=%'
        ; UPDATE snapshot_facet SET name = new.name, size_bytes = new.size_bytes WHERE id = new.id
        ; INSERT INTO snapshot_facet
            SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
            FROM UNNEST(facets_of_snapshot(new.backend, new.labels)) AS f(facet)
        ; END;

CREATE TRIGGER snapshot_used AFTER UPDATE OF connection_count ON snapshot
    REFERENCING OLD ROW AS old NEW ROW AS new FOR EACH ROW
    WHEN (use_of(old.backend, old.connection_count) <> use_of(new.backend, new.connection_count))
    BEGIN ATOMIC
        DELETE FROM snapshot_facet
            WHERE id = new.id AND facet = use_of(old.backend, old.connection_count)
        ; INSERT INTO snapshot_facet
            SELECT s.id, use_of(s.backend, s.connection_count), s.ordinal, s.created_at, s.name,
                s.size_bytes
            FROM snapshot s WHERE s.id = new.id AND s.connection_count > 0
        ; END;

CREATE TRIGGER snapshot_removed AFTER DELETE ON snapshot
    REFERENCING OLD ROW AS old FOR EACH ROW
    DELETE FROM snapshot_facet WHERE id = old.id;
