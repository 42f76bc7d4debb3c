-- An interview in progress. Whoever holds the id (122 random bits, in an HttpOnly cookie) may continue it.

CREATE TABLE onboarding_sessions (
    id          uuid PRIMARY KEY,
    niche       text NOT NULL,
    digest      bytea NOT NULL REFERENCES releases,
    locale      text NOT NULL CHECK (locale IN ('pt', 'en')),
    customer_id uuid REFERENCES customers ON DELETE CASCADE,
    -- [{"question": "...", "value": "..."}] in the order asked; secret answers hold a word, not the secret.
    answers     jsonb NOT NULL DEFAULT '[]',
    -- The bot token, if one was given: encrypted, never sent back.
    bot_token   bytea,
    -- The Telegram user who may talk to the agent, if one was given.
    telegram_user bigint,
    done        boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX onboarding_sessions_customer ON onboarding_sessions (customer_id);
