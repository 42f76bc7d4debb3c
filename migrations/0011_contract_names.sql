-- A version of the contract has one spelling, such as `0.1`: rows from before it was kept were given another.
UPDATE releases SET contract = substring(contract FROM '^[0-9]+\.[0-9]+') WHERE contract ~ '^[0-9]+\.[0-9]+\.';
ALTER TABLE releases
    ALTER COLUMN contract DROP DEFAULT,
    ADD CHECK (contract ~ '^[0-9]+\.[0-9]+$');
