//! Whatever a guest answers, the host takes it or says why not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_plugins::fuzzing::GuestAnswer;

fuzz_target!(|answer: GuestAnswer| {
    match answer.decode() {
        Ok(json) => drop(json.to_string()),
        Err(error) => assert!(!error.to_string().is_empty() && error.is_components_fault()),
    }
});
