-- What tools did with other hosts, in full: how often they asked, and what they were told.
ALTER TABLE plugin_usage
    -- Redirects that the host followed among them.
    ADD COLUMN requests      bigint NOT NULL DEFAULT 0,
    ADD COLUMN ingress_bytes bigint NOT NULL DEFAULT 0,
    ADD CHECK (cpu_micros >= 0 AND peak_memory_bytes >= 0 AND requests >= 0 AND egress_bytes >= 0
               AND ingress_bytes >= 0 AND storage_bytes >= 0 AND refusals >= 0);
ALTER TABLE plugin_usage ALTER COLUMN requests DROP DEFAULT, ALTER COLUMN ingress_bytes DROP DEFAULT;
