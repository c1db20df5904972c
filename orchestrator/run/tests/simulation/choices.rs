//! Where every decision of a simulated case comes from: a seeded generator, or a tape of earlier decisions.
//!
//! Each decision is a number below a bound, and is recorded. A tape that ends goes on with zeros, and zero is always the
//! quietest choice, so a tape can be shortened and lowered until hardly anything but the failure is left.

/// A source of decisions.
pub(crate) struct Choices {
    state: u64,
    tape: Option<Vec<u32>>,
    /// Every decision so far.
    pub(crate) made: Vec<u32>,
}

impl Choices {
    /// Decisions from a seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
            tape: None,
            made: Vec::new(),
        }
    }

    /// Decisions from a tape.
    pub(crate) fn taped(tape: &[u32]) -> Self {
        Self {
            state: 0,
            tape: Some(tape.to_vec()),
            made: Vec::new(),
        }
    }

    /// A number from 0 to `bound - 1`; 0 where `bound` is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let choice = match &self.tape {
            Some(tape) => tape
                .get(self.made.len())
                .map_or(0, |choice| choice % bound.max(1)),
            None => (splitmix(&mut self.state) % u64::from(bound.max(1))) as u32,
        };
        self.made.push(choice);
        choice
    }

    /// True in `percent` of a hundred cases; the lowest numbers are false.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) >= 100 - percent.min(100)
    }

    /// One of these; the first is the quietest.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u32) as usize]
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014), whose whole state is one number.
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
