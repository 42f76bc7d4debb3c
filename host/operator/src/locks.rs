//! One at a time for an agent within this process: a job, or the keeper.

use openclaw_platform::AgentId;

/// A lock for each agent.
pub(crate) type Locks = openclaw_platform::locks::Locks<AgentId>;
