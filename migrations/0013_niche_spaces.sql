-- What each customer's data of a niche takes, so that a quota is held without reading all of it. Written in the transaction
-- that changes the data; a key cannot be without its space.
CREATE TABLE niche_spaces (
    customer_id uuid NOT NULL REFERENCES customers ON DELETE CASCADE,
    niche       text NOT NULL,
    -- Of keys and values together.
    bytes       bigint NOT NULL DEFAULT 0,
    keys        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (customer_id, niche),
    -- A key has a byte at least.
    CHECK (keys >= 0 AND bytes >= keys AND (keys > 0 OR bytes = 0))
);

INSERT INTO niche_spaces (customer_id, niche, bytes, keys)
SELECT customer_id, niche, sum(octet_length(key) + octet_length(value)), count(*)
FROM niche_storage GROUP BY customer_id, niche;

ALTER TABLE niche_storage
    DROP CONSTRAINT niche_storage_customer_id_fkey,
    ADD FOREIGN KEY (customer_id, niche) REFERENCES niche_spaces ON DELETE CASCADE;
