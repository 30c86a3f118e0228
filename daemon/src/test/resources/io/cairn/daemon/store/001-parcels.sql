-- For the test of the loader.
CREATE CACHED TABLE parcel (
    id BIGINT PRIMARY KEY
);
