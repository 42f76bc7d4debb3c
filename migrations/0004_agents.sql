-- Tiers, agents and what belongs to one agent.

CREATE TABLE tiers (
    id             text PRIMARY KEY,
    position       int NOT NULL UNIQUE,
    price_cents    bigint NOT NULL CHECK (price_cents > 0),
    monthly_tokens bigint NOT NULL CHECK (monthly_tokens > 0),
    telegram_users int NOT NULL CHECK (telegram_users > 0),
    thinking       text NOT NULL CHECK (thinking IN ('low', 'medium', 'high')),
    cpu_request_millis int NOT NULL,
    cpu_limit_millis   int NOT NULL,
    memory_request_mib int NOT NULL,
    memory_limit_mib   int NOT NULL
);
INSERT INTO tiers VALUES
    ('starter', 1,  1900,  1000000,  1, 'medium',  250, 1000,  512, 1024),
    ('pro',     2,  4900,  5000000,  1, 'medium',  500, 2000,  512, 1024),
    ('team',    3, 12900, 20000000, 10, 'high',   1000, 4000, 1024, 2048);

CREATE TABLE agents (
    id          uuid PRIMARY KEY,
    -- Public small number: the id part of the relay's stand-in bot token, and of the web chat's person.
    number      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    customer_id uuid NOT NULL REFERENCES customers,
    niche       text NOT NULL,
    digest      bytea NOT NULL REFERENCES releases,
    tier        text NOT NULL REFERENCES tiers,
    model       text NOT NULL,
    locale      text NOT NULL CHECK (locale IN ('pt', 'en')),
    profile     jsonb NOT NULL DEFAULT '[]',
    -- Encrypted with the platform's key; absent when only the web chat is used.
    bot_token   bytea,
    bot_username text,
    telegram_users bigint[] NOT NULL DEFAULT '{}',
    -- sha256 of the secret in the relay's stand-in bot token; absent while no gateway should run.
    relay_secret_sha256 bytea CHECK (length(relay_secret_sha256) = 32),
    state       text NOT NULL DEFAULT 'provisioning'
                CHECK (state IN ('provisioning', 'live', 'suspended', 'destroyed', 'failed')),
    -- Why it is suspended or failed, as a stable word.
    reason      text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    live_at     timestamptz,
    heartbeat_at timestamptz,
    heartbeat   jsonb,
    destroyed_at timestamptz
);
CREATE INDEX agents_customer ON agents (customer_id);
CREATE INDEX agents_niche ON agents (niche) WHERE state <> 'destroyed';

CREATE FUNCTION notify_agent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('agents', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER agents_notify AFTER INSERT OR UPDATE OF state, reason, tier, live_at, bot_token, relay_secret_sha256 ON agents
    FOR EACH ROW EXECUTE FUNCTION notify_agent();

-- The one credential a gateway holds. At most one of an agent is open.
CREATE TABLE proxy_tokens (
    id         uuid PRIMARY KEY,
    agent_id   uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    hash       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at  timestamptz
);
CREATE UNIQUE INDEX proxy_tokens_one_open_per_agent ON proxy_tokens (agent_id) WHERE closed_at IS NULL;

-- What a gateway keeps outside itself: conversations and the like.
CREATE TABLE agent_state (
    agent_id   uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    key        text NOT NULL CHECK (key ~ '^[a-z0-9._-]{1,100}$'),
    value      bytea NOT NULL CHECK (length(value) <= 1048576),
    -- Drawn anew at every change, from one sequence for all: a version says what was seen, so none may come again, not
    -- even after the key was removed.
    version    bigint GENERATED ALWAYS AS IDENTITY,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent_id, key)
);

-- A niche's storage, one space for each customer.
CREATE TABLE niche_storage (
    customer_id uuid NOT NULL REFERENCES customers ON DELETE CASCADE,
    niche       text NOT NULL,
    key         text COLLATE "C" NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 256),
    value       bytea NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, niche, key)
);

-- Each call of a niche's tool: what the dashboard shows as a card.
CREATE TABLE tool_calls (
    id         uuid PRIMARY KEY,
    agent_id   uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    digest     bytea NOT NULL,
    tool       text NOT NULL,
    title      text NOT NULL,
    arguments  jsonb NOT NULL,
    result     text NOT NULL,
    structured jsonb,
    -- `ok`, or the error's code.
    outcome    text NOT NULL,
    micros     bigint NOT NULL,
    called_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tool_calls_agent ON tool_calls (agent_id, called_at);
