//! The engine all sandboxes share, and the clock that makes a computing guest yield.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::Limits;
use crate::{HostConfig, PluginError};

/// What one component may consist of. A Rust or JavaScript component has three to five core instances, each
/// with a table or two, around one memory.
const CORE_INSTANCES: u32 = 32;
const MEMORIES: u32 = 4;
const TABLES: u32 = 32;

/// Kept of a memory after a call, so that the next one faults in fewer pages.
const KEEP_RESIDENT_BYTES: usize = 1 << 20;

/// The stack a guest may use; a deeper recursion is a trap.
const STACK_BYTES: usize = 512 << 10;

/// Makes the engine. Everything a niche has no use for is off: threads above all, whose shared memories no
/// limiter sees.
pub(crate) fn engine(config: &HostConfig) -> Result<Engine, PluginError> {
    let slots = config.pool_size.max(1);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots * CORE_INSTANCES)
        .total_memories(slots * MEMORIES)
        .total_tables(slots * TABLES)
        .total_stacks(slots)
        .total_gc_heaps(slots)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(config.limits.memory_bytes)
        .table_elements(config.limits.table_elements)
        .max_unused_warm_slots(slots)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        // Where the kernel tells which pages were written (Linux 6.7 and later), only those are cleared.
        .pagemap_scan(Enabled::Auto)
        .table_keep_resident(KEEP_RESIDENT_BYTES / 16);
    let mut engine = Config::new();
    engine
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .memory_init_cow(true)
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(4 * STACK_BYTES)
        .wasm_threads(false)
        .wasm_gc(false)
        .wasm_memory64(false);
    Engine::new(&engine).map_err(|error| PluginError::Engine(format!("{error:#}")))
}

/// Names what code compiled by `engine` runs on: version, settings and processor.
pub(crate) fn fingerprint(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Advances the engine's epoch once every [`Limits::TICK`] until it is dropped.
pub(crate) struct Ticker {
    _stop: Sender<()>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> Result<Self, PluginError> {
        let (stop, stopped) = channel::<()>();
        let engine = engine.weak();
        let tick = move || {
            // Nothing is ever sent: the sender's end is the signal.
            while stopped.recv_timeout(Limits::TICK) == Err(RecvTimeoutError::Timeout) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        };
        std::thread::Builder::new()
            .name("plugin-epochs".into())
            .spawn(tick)
            .map_err(|error| PluginError::Engine(error.to_string()))?;
        Ok(Self { _stop: stop })
    }
}
