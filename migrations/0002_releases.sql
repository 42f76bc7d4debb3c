-- Niches as they are shipped: a release is a component's bytes, named by their digest.

CREATE TABLE releases (
    digest       bytea PRIMARY KEY CHECK (length(digest) = 32),
    niche        text NOT NULL CHECK (niche ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    version      text NOT NULL,
    component    bytea NOT NULL,
    exports      text[] NOT NULL,
    imports      text[] NOT NULL,
    -- Each case of the self-test with its outcome, as it ran at installation.
    self_test    jsonb NOT NULL DEFAULT '[]',
    state        text NOT NULL CHECK (state IN ('active', 'retired')),
    installed_by text NOT NULL,
    installed_at timestamptz NOT NULL DEFAULT now(),
    retired_at   timestamptz,
    CHECK ((state = 'retired') = (retired_at IS NOT NULL))
);
-- Customers are offered one release of a niche.
CREATE UNIQUE INDEX releases_one_active_per_niche ON releases (niche) WHERE state = 'active';
CREATE INDEX releases_niche ON releases (niche, installed_at DESC);

-- What a release may use.
CREATE TABLE grants (
    digest        bytea PRIMARY KEY REFERENCES releases ON DELETE CASCADE,
    storage_bytes bigint NOT NULL CHECK (storage_bytes >= 0),
    granted_by    text NOT NULL,
    granted_at    timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION notify_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('releases', NEW.niche);
    RETURN NULL;
END $$;
CREATE TRIGGER releases_notify AFTER INSERT OR UPDATE ON releases
    FOR EACH ROW EXECUTE FUNCTION notify_release();
