-- Money: what Stripe told us, and what follows from it.

-- A checkout that was begun: what to provision once it is paid. Its id travels as Stripe's client_reference_id.
CREATE TABLE checkouts (
    id            uuid PRIMARY KEY,
    customer_id   uuid NOT NULL REFERENCES customers ON DELETE CASCADE,
    onboarding_id uuid NOT NULL REFERENCES onboarding_sessions,
    tier          text NOT NULL REFERENCES tiers,
    -- The interview as it was when the checkout began: what is paid for does not change behind the payment.
    digest        bytea NOT NULL REFERENCES releases,
    answers       jsonb NOT NULL,
    bot_token     bytea,
    telegram_user bigint,
    agent_id      uuid REFERENCES agents,
    created_at    timestamptz NOT NULL DEFAULT now(),
    paid_at       timestamptz
);
-- One interview makes one agent.
CREATE UNIQUE INDEX checkouts_one_agent_per_interview ON checkouts (onboarding_id) WHERE agent_id IS NOT NULL;

CREATE TABLE subscriptions (
    id                 text PRIMARY KEY,
    customer_id        uuid NOT NULL REFERENCES customers,
    stripe_customer    text NOT NULL,
    agent_id           uuid NOT NULL UNIQUE REFERENCES agents,
    tier               text NOT NULL REFERENCES tiers,
    state              text NOT NULL CHECK (state IN ('active', 'past_due', 'canceled')),
    failed_payments    int NOT NULL DEFAULT 0 CHECK (failed_payments >= 0),
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    current_period_end timestamptz,
    -- When Stripe made the newest `customer.subscription.*` event applied here: older ones are stale.
    state_as_of        timestamptz NOT NULL,
    -- When Stripe made the newest `invoice.payment_*` event applied here.
    payment_as_of      timestamptz NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now()
);

-- Every event as it came, kept before it is answered; applied once.
CREATE TABLE stripe_events (
    id          text PRIMARY KEY,
    kind        text NOT NULL,
    created_at  timestamptz NOT NULL,
    body        jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    applied_at  timestamptz,
    outcome     text,
    attempts    int NOT NULL DEFAULT 0,
    retry_at    timestamptz NOT NULL DEFAULT now(),
    error       text
);
CREATE INDEX stripe_events_waiting ON stripe_events (retry_at) WHERE applied_at IS NULL;

-- What may be spent between two instants, and what was.
CREATE TABLE usage_periods (
    id            uuid PRIMARY KEY,
    agent_id      uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL CHECK (ends_at > starts_at),
    token_limit   bigint NOT NULL CHECK (token_limit >= 0),
    tokens_used   bigint NOT NULL DEFAULT 0 CHECK (tokens_used >= 0),
    -- When the customer was warned at 90 % and told at 100 %.
    warned_at     timestamptz,
    exhausted_at  timestamptz,
    UNIQUE (agent_id, starts_at)
);
