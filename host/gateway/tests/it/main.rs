//! The gateway against real servers: the Bot API as the relay speaks it, the agent's routes, MCP, and an LLM provider.

mod answering;
mod bot_api;
mod probes;
mod process;
mod releases;
mod surviving;
mod tools;
mod world;
