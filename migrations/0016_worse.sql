-- Why the platform took a release back, as facts: people read them in their own language. The sentence beside them is English, for
-- the log and the trail.
ALTER TABLE roll_outs
    ADD COLUMN worse jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(worse) = 'array');
