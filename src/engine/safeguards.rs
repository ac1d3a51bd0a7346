//! The safeguards of the engine by name, and two sizes. In the product they are constants and cost
//! nothing; the proof of the engine switches them off one by one, to see that it would notice.

/// Something that the engine does so that nothing is lost or doubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), allow(dead_code, reason = "named for the tests"))]
pub enum Safeguard {
    /// A record is searched on the other side before it is created there.
    SearchBeforeCreate,
    /// What a write goes by is read again just before it.
    ReadAgain,
    /// A record that could not be carried over is parked.
    Parking,
    /// The cursors move after the writes.
    CursorLast,
    /// A conflict is recorded before the write that destroys the losing value.
    ConflictFirst,
    /// A create whose outcome is unknown is never simply repeated.
    LookUpUnknown,
    /// A write that outlives its client gets the time to land before it is looked for.
    LateWrites,
    /// A create carries the id of its source, where an administrator named a field for it, and is
    /// found again by it.
    CarriedIds,
}

pub use values::*;

#[cfg(not(test))]
mod values {
    use super::Safeguard;

    /// Whether a safeguard is on. It always is.
    #[inline]
    pub const fn on(_: Safeguard) -> bool {
        true
    }

    /// Units in a batch: few enough for a commit of some milliseconds, enough to fill a request.
    #[inline]
    pub const fn batch() -> usize {
        100
    }

    /// Units in a batch where the systems are so fast that what was looked up for it is still young
    /// when the last one is written.
    #[inline]
    pub const fn large_batch() -> usize {
        200
    }

    /// Units in a batch of a dry run, which may be old: nothing is written. So many that several
    /// requests go out at the same time.
    #[inline]
    pub const fn dry_batch() -> usize {
        1_000
    }

    /// Up to so many links a complete listing of ids is cheap enough to be made every time.
    #[inline]
    pub const fn few_links() -> u64 {
        2_000
    }

    /// Whether a commit that may go on beside the work is waited for all the same.
    #[inline]
    pub const fn commit_eagerly() -> bool {
        false
    }
}

#[cfg(test)]
mod values {
    use super::Safeguard;
    use std::cell::Cell;

    thread_local! {
        static OFF: Cell<Option<Safeguard>> = const { Cell::new(None) };
        static BATCH: Cell<usize> = const { Cell::new(100) };
        static FEW_LINKS: Cell<u64> = const { Cell::new(2_000) };
        static EAGERLY: Cell<bool> = const { Cell::new(false) };
    }

    pub fn on(safeguard: Safeguard) -> bool {
        OFF.get() != Some(safeguard)
    }

    pub fn batch() -> usize {
        BATCH.get()
    }

    pub fn large_batch() -> usize {
        BATCH.get()
    }

    pub fn dry_batch() -> usize {
        BATCH.get()
    }

    pub fn few_links() -> u64 {
        FEW_LINKS.get()
    }

    pub fn commit_eagerly() -> bool {
        EAGERLY.get()
    }

    /// Commits are seen at once, or as late as they may be.
    pub fn set_eagerly(eagerly: bool) {
        EAGERLY.set(eagerly);
    }

    /// Switches a safeguard off for the engine on this thread.
    pub fn switch_off(safeguard: Option<Safeguard>) {
        OFF.set(safeguard);
    }

    /// Sets the sizes for the engine on this thread.
    pub fn set_sizes(batch: usize, few_links: u64) {
        BATCH.set(batch);
        FEW_LINKS.set(few_links);
    }
}
