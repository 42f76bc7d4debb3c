-- The relay: messages on their way to gateways, and the dashboard's chat.

CREATE TABLE relay_bots (
    agent_id       uuid PRIMARY KEY REFERENCES agents ON DELETE CASCADE,
    -- The last update id given to the gateway's queue.
    last_update_id bigint NOT NULL DEFAULT 0,
    -- The last message id given in the dashboard's chat.
    last_message_id bigint NOT NULL DEFAULT 0,
    -- What to ask Telegram for next, when it is asked by long poll.
    telegram_offset bigint NOT NULL DEFAULT 0,
    -- What Telegram last said about the real bot token, when it was not good: `unauthorized` or `conflict`.
    telegram_error text,
    -- The command lists of an agent without a bot of its own, by scope and language.
    commands       jsonb NOT NULL DEFAULT '{}'
);

-- Waiting for the gateway: removed once it confirms.
CREATE TABLE relay_updates (
    agent_id    uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    update_id   bigint NOT NULL,
    body        jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent_id, update_id)
);

-- Telegram's own numbers of the updates that came from there: the same one is queued once, also when it comes again
-- after the gateway confirmed it. Forgotten after a week, as Telegram itself does.
CREATE TABLE relay_seen (
    agent_id           uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    telegram_update_id bigint NOT NULL,
    seen_at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent_id, telegram_update_id)
);
CREATE INDEX relay_seen_at ON relay_seen (seen_at);

-- The Telegram chats that wrote to an agent: it may answer there.
CREATE TABLE relay_chats (
    agent_id uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    chat_id  bigint NOT NULL,
    PRIMARY KEY (agent_id, chat_id)
);

-- The dashboard's chat, as people see it.
CREATE TABLE chat_messages (
    agent_id   uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    message_id bigint NOT NULL,
    author     text NOT NULL CHECK (author IN ('person', 'agent')),
    body       text NOT NULL,
    -- Stretches of `body` shown in another way: Telegram's MessageEntity objects, offsets in UTF-16 units.
    entities   jsonb NOT NULL DEFAULT '[]',
    sent_at    timestamptz NOT NULL DEFAULT now(),
    edited_at  timestamptz,
    PRIMARY KEY (agent_id, message_id)
);

-- Sends that carry a key: done once however often they are asked for.
CREATE TABLE relay_sends (
    agent_id uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    key      text NOT NULL CHECK (length(key) BETWEEN 1 AND 100),
    -- The message that was answered with; absent while it is under way.
    result   jsonb,
    sent_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent_id, key)
);
CREATE INDEX relay_sends_at ON relay_sends (sent_at);
