-- Who pays, and how they sign in.

CREATE TABLE customers (
    id         uuid PRIMARY KEY,
    email      text NOT NULL CHECK (email = lower(email) AND email LIKE '%_@_%'),
    locale     text NOT NULL DEFAULT 'pt' CHECK (locale IN ('pt', 'en')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX customers_email ON customers (email);

-- A link sent by e-mail: single use, short-lived. Only the digest of its secret is kept.
CREATE TABLE sign_in_links (
    secret_sha256 bytea PRIMARY KEY CHECK (length(secret_sha256) = 32),
    email         text NOT NULL CHECK (email = lower(email)),
    locale        text NOT NULL CHECK (locale IN ('pt', 'en')),
    next_path     text NOT NULL CHECK (next_path LIKE '/%'),
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz
);
CREATE INDEX sign_in_links_email ON sign_in_links (email, created_at);

-- A signed-in browser. Only the digest of its cookie is kept.
CREATE TABLE sessions (
    secret_sha256 bytea PRIMARY KEY CHECK (length(secret_sha256) = 32),
    customer_id   uuid NOT NULL REFERENCES customers ON DELETE CASCADE,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL
);
CREATE INDEX sessions_customer ON sessions (customer_id);

-- Mail of `dev` when no mail server is set.
CREATE TABLE outbox (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient text NOT NULL,
    subject   text NOT NULL,
    body      text NOT NULL,
    sent_at   timestamptz NOT NULL DEFAULT now()
);
