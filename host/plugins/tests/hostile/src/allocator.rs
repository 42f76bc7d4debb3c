//! An allocator that stops giving way when it is told to: the host calls it in the middle of its own work.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

static ALLOCATING: AtomicBool = AtomicBool::new(false);
static FREEING: AtomicBool = AtomicBool::new(false);

/// From this many bytes on, freeing may never end.
pub(crate) const LARGE: usize = 100_000;

/// From now on, allocating never ends.
pub(crate) fn loop_in_allocations() {
    ALLOCATING.store(true, Ordering::Relaxed);
}

/// From now on, freeing something large never ends.
pub(crate) fn loop_in_large_frees() {
    FREEING.store(true, Ordering::Relaxed);
}

struct Stubborn;

#[global_allocator]
static ALLOCATOR: Stubborn = Stubborn;

// SAFETY: what it does give and take is the system allocator's.
unsafe impl GlobalAlloc for Stubborn {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        while ALLOCATING.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        while layout.size() >= LARGE && FREEING.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}
