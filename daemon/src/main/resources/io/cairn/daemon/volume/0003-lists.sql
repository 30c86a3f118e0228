-- What lists are read by: for everything that a filter names, one index for each sort.
--
-- A facet is a thing that a filter can name, with the line break that ends it, without which SQL takes
-- two labels for the same that differ in blanks at the end:
--     backend=BACKEND   pool=BACKEND/POOL   source=BACKEND/ID   label=BACKEND/KEY=VALUE
-- Triggers keep them, so that no statement that changes a volume or a snapshot can forget to. A start
-- that replays the log does not fire them: the log has what they did.
--
-- Several indexes begin with the same column here, of which HSQLDB would take any. So a list says
-- USING INDEX, which takes the one of its order.

CREATE CACHED TABLE volume_facet (
    id UUID NOT NULL,
    facet VARCHAR(512) NOT NULL,
    ordinal BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    name VARCHAR(63) NOT NULL,
    size_bytes BIGINT NOT NULL,
    CONSTRAINT volume_facet_id PRIMARY KEY (id, facet));

CREATE FUNCTION facets_of_volume(
        backend VARCHAR(63), pool VARCHAR(63), labels VARCHAR(16384), volume UUID, snapshot UUID)
    RETURNS VARCHAR(512) ARRAY
    RETURN REGEXP_SUBSTRING_ARRAY(
        'backend=' || backend || CHAR(10)
            || 'pool=' || backend || '/' || pool || CHAR(10)
            || COALESCE('source=' || backend || '/' || CAST(volume AS CHAR(36)) || CHAR(10), '')
            || COALESCE('source=' || backend || '/' || CAST(snapshot AS CHAR(36)) || CHAR(10), '')
            || REGEXP_REPLACE(SUBSTRING(labels FROM 2), '(?md)^', 'label=' || backend || '/'),
        '[^\n]+\n');

INSERT INTO volume_facet
    SELECT v.id, f.facet, v.ordinal, v.created_at, v.name, v.size_bytes
    FROM volume v, UNNEST(facets_of_volume(
        v.backend, v.pool, v.labels, v.origin_volume, v.origin_snapshot)) AS f(facet);

CREATE INDEX volume_facet_created ON volume_facet (facet, created_at, ordinal);
CREATE INDEX volume_facet_name ON volume_facet (facet, name, ordinal);
CREATE INDEX volume_facet_size ON volume_facet (facet, size_bytes, ordinal);

CREATE TRIGGER volume_added AFTER INSERT ON volume
    REFERENCING NEW ROW AS new FOR EACH ROW
    INSERT INTO volume_facet
        SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
        FROM UNNEST(facets_of_volume(
            new.backend, new.pool, new.labels, new.origin_volume, new.origin_snapshot)) AS f(facet);

CREATE TRIGGER volume_changed AFTER UPDATE OF pool, name, labels, size_bytes ON volume
    REFERENCING NEW ROW AS new FOR EACH ROW
    BEGIN ATOMIC
        DELETE FROM volume_facet WHERE id = new.id
        ; INSERT INTO volume_facet
            SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
            FROM UNNEST(facets_of_volume(
                new.backend, new.pool, new.labels, new.origin_volume, new.origin_snapshot))
                AS f(facet)
        ; END;

CREATE TRIGGER volume_removed AFTER DELETE ON volume
    REFERENCING OLD ROW AS old FOR EACH ROW
    DELETE FROM volume_facet WHERE id = old.id;

-- Labels only: what else a filter names of a snapshot is in its own row, since a facet more would be
-- a row more to write for every snapshot that is cut.
CREATE CACHED TABLE snapshot_facet (
    id UUID NOT NULL,
    facet VARCHAR(512) NOT NULL,
    ordinal BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    name VARCHAR(63) NOT NULL,
    size_bytes BIGINT NOT NULL,
    CONSTRAINT snapshot_facet_id PRIMARY KEY (id, facet));

CREATE FUNCTION facets_of_snapshot(backend VARCHAR(63), labels VARCHAR(16384))
    RETURNS VARCHAR(512) ARRAY
    RETURN REGEXP_SUBSTRING_ARRAY(
        REGEXP_REPLACE(SUBSTRING(labels FROM 2), '(?md)^', 'label=' || backend || '/'), '[^\n]+\n');

INSERT INTO snapshot_facet
    SELECT s.id, f.facet, s.ordinal, s.created_at, s.name, s.size_bytes
    FROM snapshot s, UNNEST(facets_of_snapshot(s.backend, s.labels)) AS f(facet)
    WHERE s.labels <> '';

CREATE INDEX snapshot_facet_created ON snapshot_facet (facet, created_at, ordinal);
CREATE INDEX snapshot_facet_name ON snapshot_facet (facet, name, ordinal);
CREATE INDEX snapshot_facet_size ON snapshot_facet (facet, size_bytes, ordinal);

CREATE TRIGGER snapshot_added AFTER INSERT ON snapshot
    REFERENCING NEW ROW AS new FOR EACH ROW WHEN (new.labels <> '')
    INSERT INTO snapshot_facet
        SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
        FROM UNNEST(facets_of_snapshot(new.backend, new.labels)) AS f(facet);

CREATE TRIGGER snapshot_changed AFTER UPDATE OF name, labels, size_bytes ON snapshot
    REFERENCING NEW ROW AS new FOR EACH ROW
    BEGIN ATOMIC
        DELETE FROM snapshot_facet WHERE id = new.id
        ; INSERT INTO snapshot_facet
            SELECT new.id, f.facet, new.ordinal, new.created_at, new.name, new.size_bytes
            FROM UNNEST(facets_of_snapshot(new.backend, new.labels)) AS f(facet)
        ; END;

CREATE TRIGGER snapshot_removed AFTER DELETE ON snapshot
    REFERENCING OLD ROW AS old FOR EACH ROW WHEN (old.labels <> '')
    DELETE FROM snapshot_facet WHERE id = old.id;

-- Lists are in the order of the creation, not of the ordinals, which only part what came at once.
ALTER TABLE volume DROP CONSTRAINT volume_order;
ALTER TABLE snapshot DROP CONSTRAINT snapshot_order_in_volume;
ALTER TABLE snapshot DROP CONSTRAINT snapshot_order;
CREATE INDEX snapshot_created ON snapshot (backend, created_at, ordinal);
CREATE INDEX snapshot_by_name ON snapshot (backend, name, ordinal);
CREATE INDEX snapshot_by_size ON snapshot (backend, size_bytes, ordinal);
CREATE INDEX snapshot_created_in_volume ON snapshot (volume_id, created_at, ordinal);
CREATE INDEX snapshot_by_name_in_volume ON snapshot (volume_id, name, ordinal);
CREATE INDEX snapshot_by_size_in_volume ON snapshot (volume_id, size_bytes, ordinal);
