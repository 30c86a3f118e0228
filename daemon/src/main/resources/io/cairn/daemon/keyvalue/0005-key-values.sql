-- Texts that callers keep here. The value is as long as 64 KiB of UTF-8 can be.
CREATE CACHED TABLE key_value (
    item_key VARCHAR(255) NOT NULL,
    item_value VARCHAR(65536) NOT NULL,
    CONSTRAINT key_value_key PRIMARY KEY (item_key));
