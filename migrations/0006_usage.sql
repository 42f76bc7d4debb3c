-- Each answered LLM request, once, under the request's id.

CREATE TABLE usage_events (
    request_id        uuid PRIMARY KEY,
    agent_id          uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    period_id         uuid NOT NULL REFERENCES usage_periods ON DELETE CASCADE,
    model             text NOT NULL,
    prompt_tokens     bigint NOT NULL CHECK (prompt_tokens >= 0),
    completion_tokens bigint NOT NULL CHECK (completion_tokens >= 0),
    cached_tokens     bigint NOT NULL DEFAULT 0 CHECK (cached_tokens >= 0),
    -- Whether the figures are the provider's, or ours because it sent none.
    estimated         boolean NOT NULL,
    occurred_at       timestamptz NOT NULL
);
CREATE INDEX usage_events_agent ON usage_events (agent_id, occurred_at);
CREATE INDEX usage_events_period ON usage_events (period_id);
