-- The life of a release: uploaded and verified, decided upon by an admin, rolled out, taken back, retired; and the
-- record of who did what and why.

-- Who publishes releases. A key is never given to another name, also not after it was revoked.
CREATE TABLE publishers (
    id             uuid PRIMARY KEY,
    name           text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 80),
    -- Ed25519.
    key            bytea NOT NULL UNIQUE CHECK (length(key) = 32),
    -- Whose releases nobody else may publish.
    niches         text[] NOT NULL DEFAULT '{}',
    registered_by  text NOT NULL,
    registered_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at     timestamptz,
    revoked_reason text,
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE UNIQUE INDEX publishers_one_of_a_name ON publishers (name) WHERE revoked_at IS NULL;

ALTER TABLE releases RENAME COLUMN installed_by TO uploaded_by;
ALTER TABLE releases RENAME COLUMN installed_at TO uploaded_at;
ALTER TABLE releases
    -- The version of the contract it was built for.
    ADD COLUMN contract text NOT NULL DEFAULT '0.1.0',
    -- Where its bytes were pulled from.
    ADD COLUMN reference text,
    -- What it says of itself in each language, as the registry shows it.
    ADD COLUMN about jsonb NOT NULL DEFAULT '{}',
    -- What it asks to use, and what of that was approved: rights as the plugin host writes them.
    ADD COLUMN asked jsonb,
    ADD COLUMN approved jsonb,
    -- The key that signed its digest, and how.
    ADD COLUMN publisher_key bytea CHECK (length(publisher_key) = 32),
    ADD COLUMN signature bytea CHECK (length(signature) = 64),
    -- Who approved or rejected it, when and why.
    ADD COLUMN decided_by text,
    ADD COLUMN decided_at timestamptz,
    ADD COLUMN reason text,
    ADD CHECK ((publisher_key IS NULL) = (signature IS NULL)),
    ADD CHECK ((decided_by IS NULL) = (decided_at IS NULL));

-- What was granted before is what was asked for and approved.
UPDATE releases r SET
    asked = jsonb_build_object('hosts', '{}'::jsonb, 'connections', '[]'::jsonb, 'storage_bytes', coalesce(g.storage_bytes, 0)),
    approved = jsonb_build_object('hosts', '{}'::jsonb, 'connections', '[]'::jsonb, 'storage_bytes', coalesce(g.storage_bytes, 0)),
    decided_by = coalesce(g.granted_by, r.uploaded_by),
    decided_at = coalesce(g.granted_at, r.uploaded_at)
FROM releases same LEFT JOIN grants g ON g.digest = same.digest
WHERE same.digest = r.digest;
DROP TABLE grants;

ALTER TABLE releases
    ALTER COLUMN asked SET NOT NULL,
    DROP CONSTRAINT releases_state_check,
    ADD CONSTRAINT releases_state_check CHECK (state IN ('pending', 'rejected', 'approved', 'active', 'retired')),
    -- Whatever may ever be given to an agent was approved by someone, and nothing else has rights.
    ADD CONSTRAINT releases_approved_check CHECK ((approved IS NULL) = (state IN ('pending', 'rejected'))),
    ADD CONSTRAINT releases_decided_check CHECK (state = 'pending' OR decided_by IS NOT NULL);

-- A release on its way from nobody to everybody.
CREATE TABLE roll_outs (
    id         uuid PRIMARY KEY,
    niche      text NOT NULL,
    new_digest bytea NOT NULL REFERENCES releases,
    -- What it takes over from; absent for a niche's first release.
    old_digest bytea REFERENCES releases CHECK (old_digest <> new_digest),
    -- Percent of the niche's agents.
    share      smallint NOT NULL CHECK (share BETWEEN 1 AND 100),
    state      text NOT NULL CHECK (state IN ('running', 'complete', 'rolled-back', 'cancelled')),
    -- By how much the new release may be worse, as it was set when the roll-out began.
    margins    jsonb NOT NULL,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    share_at   timestamptz NOT NULL DEFAULT now(),
    ended_by   text,
    ended_at   timestamptz,
    reason     text,
    CHECK ((state = 'running') = (ended_at IS NULL)),
    CHECK ((ended_by IS NULL) = (ended_at IS NULL)),
    CHECK (state <> 'rolled-back' OR (reason IS NOT NULL AND old_digest IS NOT NULL)),
    -- Without a release before there is nothing to share with.
    CHECK (state <> 'running' OR old_digest IS NOT NULL)
);
CREATE UNIQUE INDEX roll_outs_one_running_per_niche ON roll_outs (niche) WHERE state = 'running';
CREATE INDEX roll_outs_niche ON roll_outs (niche, started_at DESC);
CREATE INDEX roll_outs_release ON roll_outs (new_digest, started_at DESC);

-- Where an agent stands among 100 when `release` is rolled out: those below the share have it. Always the same for the
-- same two, and independent between releases.
CREATE FUNCTION roll_out_place(agent uuid, release bytea) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (get_byte(hash, 0) * 65536 + get_byte(hash, 1) * 256 + get_byte(hash, 2)) % 100
    FROM sha256(uuid_send(agent) || release) AS hash
$$;

-- The release an agent had before, and since when it has the one it has: a conversation may end on the one it began
-- with.
ALTER TABLE agents
    ADD COLUMN previous_digest bytea REFERENCES releases,
    ADD COLUMN digest_changed_at timestamptz,
    ADD CHECK ((previous_digest IS NULL) = (digest_changed_at IS NULL));
CREATE INDEX agents_release ON agents (digest) WHERE state <> 'destroyed';
CREATE INDEX agents_previous_release ON agents (previous_digest, digest_changed_at) WHERE previous_digest IS NOT NULL;

CREATE FUNCTION remember_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.previous_digest := OLD.digest;
    NEW.digest_changed_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER agents_remember_release BEFORE UPDATE OF digest ON agents
    FOR EACH ROW WHEN (OLD.digest IS DISTINCT FROM NEW.digest) EXECUTE FUNCTION remember_release();
CREATE TRIGGER agents_notify_release AFTER UPDATE OF digest ON agents
    FOR EACH ROW WHEN (OLD.digest IS DISTINCT FROM NEW.digest) EXECUTE FUNCTION notify_agent();

-- Who did what, and why. Rows come, and are never changed.
CREATE TABLE release_audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    who     text NOT NULL,
    action  text NOT NULL,
    niche   text,
    digest  bytea REFERENCES releases,
    reason  text,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX release_audit_niche ON release_audit (niche, id DESC);
CREATE INDEX release_audit_release ON release_audit (digest, id DESC);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END $$;
CREATE TRIGGER release_audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON release_audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the registry decides by itself: one row.
CREATE TABLE registry_settings (
    only_row                   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    auto_approve_same_or_fewer boolean NOT NULL DEFAULT false
);
INSERT INTO registry_settings DEFAULT VALUES;

-- How a call went, as far as a roll-out is judged by it.
ALTER TABLE tool_calls
    -- The component is to blame: it trapped or broke a limit, or it ran out of time.
    ADD COLUMN fault text CHECK (fault IN ('trap', 'timeout')),
    -- How often it wanted what it was not granted.
    ADD COLUMN refusals int NOT NULL DEFAULT 0 CHECK (refusals >= 0);
CREATE INDEX tool_calls_release ON tool_calls (digest, called_at DESC);

-- What niches' tools took, a row a day.
CREATE TABLE plugin_usage (
    day               date NOT NULL,
    customer_id       uuid NOT NULL REFERENCES customers ON DELETE CASCADE,
    niche             text NOT NULL,
    digest            bytea NOT NULL,
    tool              text NOT NULL,
    calls             bigint NOT NULL,
    failures          bigint NOT NULL,
    cpu_micros        bigint NOT NULL,
    -- The most that one call had.
    peak_memory_bytes bigint NOT NULL,
    egress_bytes      bigint NOT NULL,
    -- The most that the customer's data took.
    storage_bytes     bigint NOT NULL,
    refusals          bigint NOT NULL,
    PRIMARY KEY (day, customer_id, niche, digest, tool),
    CHECK (calls >= failures AND failures >= 0)
);
CREATE INDEX plugin_usage_release ON plugin_usage (digest, day);

CREATE TRIGGER roll_outs_notify AFTER INSERT OR UPDATE ON roll_outs
    FOR EACH ROW EXECUTE FUNCTION notify_release();
