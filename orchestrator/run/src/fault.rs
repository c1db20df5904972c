//! Deliberate faults, so that the simulation can show that its checks fail when the machine is wrong.
//!
//! Without the feature `faults`, which no product build turns on, nothing can be asked for and the hooks vanish.

#[cfg(not(feature = "faults"))]
use crate::event::Millis;

/// One way in which the machine can be made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Tasks that must be apart run side by side.
    ForgetApart,
    /// A task starts when its needs are approved but not merged.
    StartBeforeMerge,
    /// A failed task is tried without end.
    RetryForEver,
    /// Tasks start during a suspension.
    StartInSuspension,
    /// A cancel is taken and forgotten.
    ForgetCancel,
    /// One more slot than allowed is used.
    OneSlotTooMany,
    /// Tasks start although the budget is used up.
    IgnoreBudget,
    /// An event may be older than the one before it.
    LetTimeGoBack,
    /// Answers of earlier tries are taken for those of the latest.
    TakeStaleAttempts,
    /// A branch is approved although its gates failed.
    ApproveRedBranch,
    /// The tip is moved to a commit that no gates have seen.
    SkipMergedGates,
    /// The tip is moved to a commit whose gates failed.
    MergeRedCandidate,
    /// What was merged goes back into the queue.
    MergeTwice,
    /// The next work begins at the old tip.
    ForgetTip,
    /// A cancel leaves ready tasks as they are.
    CancelForgetsReady,
    /// Processes are marked as stopped, and nobody is told to stop them.
    ForgetStop,
    /// The next time that matters is not announced.
    ForgetWake,
    /// What is being committed is not asked for again after a crash.
    ForgetSettle,
    /// A second try goes by the number of the first.
    ReuseAttempt,
    /// The end is given out twice.
    FinishTwice,
    /// An event takes effect before it is judged.
    JudgeTooLate,
    /// A pause depends on something that no event told.
    HiddenState,
}

/// Whether `fault` was asked for; never, in the product.
#[cfg(not(feature = "faults"))]
pub(crate) const fn active(_fault: Fault) -> bool {
    false
}

/// Something that no event told; nothing, in the product.
#[cfg(not(feature = "faults"))]
pub(crate) const fn hidden() -> Millis {
    Millis(0)
}

#[cfg(feature = "faults")]
pub use switch::inject;
#[cfg(feature = "faults")]
pub(crate) use switch::{active, hidden};

#[cfg(feature = "faults")]
mod switch {
    use std::cell::Cell;

    use super::Fault;
    use crate::event::Millis;

    thread_local! {
        static INJECTED: Cell<Option<Fault>> = const { Cell::new(None) };
        static TOLD_BY_NOBODY: Cell<u64> = const { Cell::new(0) };
    }

    /// Makes every run of this thread wrong in this way, until the next call.
    pub fn inject(fault: Option<Fault>) {
        INJECTED.set(fault);
        TOLD_BY_NOBODY.set(0);
    }

    pub(crate) fn active(fault: Fault) -> bool {
        INJECTED.get() == Some(fault)
    }

    pub(crate) fn hidden() -> Millis {
        if active(Fault::HiddenState) {
            TOLD_BY_NOBODY.set(TOLD_BY_NOBODY.get() + 1);
        }
        Millis(TOLD_BY_NOBODY.get())
    }
}
