//! What wasmtime makes of the contract. The host thinks in the newest version; what an older one has otherwise
//! stands in [`v0_1`], and is made into the newest at the edge. One world serves all niches: the interfaces of a
//! component that leaves some out are looked up one by one.
#![allow(missing_docs, unreachable_pub, reason = "generated; the contract's words stand in wit/")]

macro_rules! bindings {
    ($path:literal $(, $setting:ident: $value:tt)*) => {
        wasmtime::component::bindgen!({
            world: "niche",
            path: $path,
            imports: { default: async | trappable },
            exports: { default: async },
            require_store_data_send: true,
            $($setting: $value,)*
        });
    };
}

#[cfg(not(feature = "fuzzing"))]
bindings!("../../wit/0.2");
#[cfg(feature = "fuzzing")]
bindings!("../../wit/0.2", additional_derives: [arbitrary::Arbitrary]);

/// `openclaw:niche@0.1.0`.
pub mod v0_1 {
    #[cfg(not(feature = "fuzzing"))]
    bindings!("../../wit/0.1");
    #[cfg(feature = "fuzzing")]
    bindings!("../../wit/0.1", additional_derives: [arbitrary::Arbitrary]);
}
