-- A roll-out is judged by its updates, too: those that fail count against the release that they were for.
ALTER TABLE jobs
    -- The release that an agent was moved to, when that is why the job is there.
    ADD COLUMN digest bytea REFERENCES releases;
CREATE INDEX jobs_release ON jobs (digest, created_at) WHERE digest IS NOT NULL;

-- Roll-outs that were begun before go by what is usual.
UPDATE roll_outs SET margins = margins || '{"updates_points": 5.0}' WHERE NOT margins ? 'updates_points';
