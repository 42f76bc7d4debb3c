//! What wasmtime makes of `wit/niche.wit`. One world serves all: the interfaces of a component that leaves some
//! out are loaded one by one.
#![allow(missing_docs, unreachable_pub, reason = "generated; the contract's words stand in wit/niche.wit")]

wasmtime::component::bindgen!({
    world: "niche",
    path: "../../wit",
    imports: { default: async | trappable },
    exports: { default: async },
    require_store_data_send: true,
});
