//! Has the migrations that are compiled in be those of the checkout: cargo does not see by itself that one was added.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
