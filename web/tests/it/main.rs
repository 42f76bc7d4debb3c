//! The web against a stand-in for the API that speaks the API's own types.

mod browser;
mod fixture;
mod look;
mod pages;
mod proxy;
mod registry;
mod security;
