-- Agents that a person made in a cluster, and the platform took in.
ALTER TABLE agents
    -- The uid of the custom resource that it was made as.
    ADD COLUMN adopted_uid uuid UNIQUE;
