-- A call may break off without saying anything of its release: its customer had no turn, nobody waited for it, or the platform
-- failed. No roll-out is judged by such a call.
ALTER TABLE tool_calls
    DROP CONSTRAINT tool_calls_fault_check,
    ADD CONSTRAINT tool_calls_fault_check CHECK (fault IN ('trap', 'timeout', 'elsewhere'));
