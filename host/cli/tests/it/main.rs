//! The executable as people use it: `dev` and everything behind it, with nothing but its own processes.

mod browser;
mod life;
mod platform;
mod provisioning;
mod recordings;
mod releases;
