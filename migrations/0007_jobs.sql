-- Durable instructions to the operator.

CREATE TABLE jobs (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL,
    customer_id  uuid NOT NULL REFERENCES customers,
    agent_id     uuid NOT NULL REFERENCES agents,
    payload      jsonb NOT NULL,
    -- The same instruction given twice is one job.
    dedup_key    text UNIQUE,
    state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    -- How often it was begun, and how often of these it failed: one whose worker died did not fail.
    attempts     int NOT NULL DEFAULT 0,
    failures     int NOT NULL DEFAULT 0,
    run_at       timestamptz NOT NULL DEFAULT now(),
    worker       text,
    lease_until  timestamptz,
    error        text,
    sequence     bigint GENERATED ALWAYS AS IDENTITY,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    CHECK ((state = 'running') = (lease_until IS NOT NULL))
);
-- One at a time for a customer, whoever works.
CREATE UNIQUE INDEX jobs_one_running_per_customer ON jobs (customer_id) WHERE state = 'running';
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_agent ON jobs (agent_id, sequence);

-- What a job did and when: the progress view shows it.
CREATE TABLE job_steps (
    job_id      uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    name        text NOT NULL,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (job_id, name)
);

CREATE FUNCTION notify_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('jobs', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_notify AFTER INSERT OR UPDATE OF state ON jobs
    FOR EACH ROW EXECUTE FUNCTION notify_job();

CREATE FUNCTION notify_job_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('jobs', NEW.job_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER job_steps_notify AFTER INSERT OR UPDATE ON job_steps
    FOR EACH ROW EXECUTE FUNCTION notify_job_step();
