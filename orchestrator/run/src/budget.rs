//! What a run has spent, against what it may spend.
//!
//! Knows numbers only: prices and tokens are counted elsewhere.

use crate::event::Spent;

/// The run's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    limit: Option<Spent>,
    spent: Spent,
}

impl Budget {
    /// Nothing spent yet.
    pub(crate) fn new(limit: Option<Spent>) -> Self {
        Self {
            limit,
            spent: Spent::default(),
        }
    }

    /// Books `more`.
    pub(crate) fn book(&mut self, more: Spent) {
        self.spent = self.spent.plus(more);
    }

    /// Everything that was booked.
    pub(crate) fn spent(&self) -> Spent {
        self.spent
    }

    /// Whether no new work may start: one of the two parts has reached its limit.
    pub(crate) fn is_used_up(&self) -> bool {
        self.limit.is_some_and(|limit| {
            self.spent.microdollars >= limit.microdollars || self.spent.tokens >= limit.tokens
        })
    }
}

impl Spent {
    /// The sum; it stays at the largest number instead of wrapping round.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            microdollars: self.microdollars.saturating_add(more.microdollars),
            tokens: self.tokens.saturating_add(more.tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(microdollars: u64, tokens: u64) -> Spent {
        Spent {
            microdollars,
            tokens,
        }
    }

    #[test]
    fn either_part_uses_the_budget_up() {
        let mut budget = Budget::new(Some(spent(10, 100)));
        budget.book(spent(9, 99));
        assert!(!budget.is_used_up());
        let mut money = budget;
        money.book(spent(1, 0));
        assert!(money.is_used_up());
        budget.book(spent(0, 1));
        assert!(budget.is_used_up());
    }

    #[test]
    fn without_a_limit_nothing_is_too_much() {
        let mut budget = Budget::new(None);
        budget.book(spent(u64::MAX, u64::MAX));
        budget.book(spent(1, 1));
        assert_eq!(budget.spent(), spent(u64::MAX, u64::MAX));
        assert!(!budget.is_used_up());
    }
}
