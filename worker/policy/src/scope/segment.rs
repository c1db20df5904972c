//! One part of a path pattern: what stands between two slashes.
//!
//! A path part is a row of units: a unit is a character, or a byte that belongs to none. Each token of a pattern is a
//! set of units or a star, which makes the question whether two patterns meet exact.

/// A character's code point, or [`FIRST_BYTE`] plus a byte that is part of no character.
pub(super) type Unit = u32;

/// The unit of the byte 0 where it is part of no character; all such units lie above every character.
const FIRST_BYTE: Unit = 0x11_0000;
const LAST_UNIT: Unit = FIRST_BYTE + 0xff;

/// A set of units as inclusive ranges, sorted, apart from each other and not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitSet(Vec<(Unit, Unit)>);

/// A piece of a part pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// One unit out of a set.
    One(UnitSet),
    /// Any number of units.
    Star,
}

/// The pattern of one part of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Segment {
    pub(super) tokens: Vec<Token>,
}

/// Cuts a path into its parts; `None` where it is empty, absolute or holds an empty part, `.` or `..`.
pub(super) fn split(path: &[u8]) -> Option<Vec<Vec<Unit>>> {
    let parts = path.split(|&byte| byte == b'/');
    parts
        .map(|part| (!matches!(part, b"" | b"." | b"..")).then(|| units(part)))
        .collect()
}

fn units(part: &[u8]) -> Vec<Unit> {
    let mut units = Vec::with_capacity(part.len());
    for chunk in part.utf8_chunks() {
        units.extend(chunk.valid().chars().map(Unit::from));
        units.extend(
            chunk
                .invalid()
                .iter()
                .map(|&byte| FIRST_BYTE + Unit::from(byte)),
        );
    }
    units
}

impl UnitSet {
    /// Every unit that may stand in a path part: all but NUL and the slash.
    pub(super) fn any() -> Self {
        Self::new(Vec::new(), true).unwrap_or(Self(Vec::new()))
    }

    /// One character.
    pub(super) fn only(c: char) -> Self {
        Self(vec![(c.into(), c.into())])
    }

    /// The given ranges, or all units that are in none of them; `None` where nothing is left.
    pub(super) fn new(mut ranges: Vec<(Unit, Unit)>, negated: bool) -> Option<Self> {
        // Neither NUL nor the slash is ever part of a name, whatever a class says.
        let barred = [(0, 0), (Unit::from(b'/'), Unit::from(b'/'))];
        if negated {
            ranges.extend(barred);
            ranges = complement(ranges);
        } else {
            let mut outside = complement(ranges);
            outside.extend(barred);
            ranges = complement(outside);
        }
        (!ranges.is_empty()).then_some(Self(ranges))
    }

    fn contains(&self, unit: Unit) -> bool {
        self.0
            .iter()
            .any(|&(low, high)| (low..=high).contains(&unit))
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().any(|&(low, high)| {
            other
                .0
                .iter()
                .any(|&(start, end)| low <= end && start <= high)
        })
    }

    /// The set's character where it holds just one.
    fn single(&self) -> Option<char> {
        match self.0[..] {
            [(low, high)] if low == high => char::from_u32(low),
            _ => None,
        }
    }
}

/// All units that are in none of `ranges`, as sorted ranges that are apart.
fn complement(mut ranges: Vec<(Unit, Unit)>) -> Vec<(Unit, Unit)> {
    ranges.sort_unstable();
    let mut rest = Vec::new();
    let mut next = 0;
    for (low, high) in ranges {
        if next < low {
            rest.push((next, low - 1));
        }
        next = next.max(high + 1);
    }
    if next <= LAST_UNIT {
        rest.push((next, LAST_UNIT));
    }
    rest
}

impl Segment {
    /// The pattern `*`.
    pub(super) fn star() -> Self {
        Self {
            tokens: vec![Token::Star],
        }
    }

    /// The part's text where it can be only one.
    pub(super) fn plain(&self) -> Option<String> {
        let single = |token: &Token| match token {
            Token::One(set) => set.single(),
            Token::Star => None,
        };
        self.tokens.iter().map(single).collect()
    }

    /// Whether a path part fits the pattern; takes time in proportion to the product of their lengths at worst.
    pub(super) fn matches(&self, part: &[Unit]) -> bool {
        let (mut at, mut token) = (0, 0);
        // Where to go on after the last star took one more unit. The last star alone decides: what an earlier one takes
        // more, the last one can take as well.
        let mut retry: Option<(usize, usize)> = None;
        while at < part.len() {
            match self.tokens.get(token) {
                Some(Token::Star) => {
                    retry = Some((at, token + 1));
                    token += 1;
                }
                Some(Token::One(set)) if set.contains(part[at]) => {
                    at += 1;
                    token += 1;
                }
                _ => {
                    let Some((from, after)) = retry else {
                        return false;
                    };
                    retry = Some((from + 1, after));
                    (at, token) = (from + 1, after);
                }
            }
        }
        self.tokens[token..]
            .iter()
            .all(|token| *token == Token::Star)
    }

    /// Whether some path part fits both patterns.
    pub(super) fn meets(&self, other: &Self) -> bool {
        super::glob::meet(
            &self.tokens,
            &other.tokens,
            |token| *token == Token::Star,
            |mine, theirs| match (mine, theirs) {
                (Token::One(mine), Token::One(theirs)) => mine.meets(theirs),
                (Token::Star, _) | (_, Token::Star) => true,
            },
        )
    }
}
