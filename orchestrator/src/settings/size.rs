//! Numbers of bytes as people write them: `512KiB`, `10MB`, `4096`. Parses and prints, and both agree.
//!
//! Knows nothing of where a size is written.

/// The units with their number of bytes; the binary ones first, because they are the ones that are printed.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// How many of the units above are binary.
const BINARY: usize = 4;

/// Reads a size: a whole number and a unit (`B`, `KB`, `MB`, `GB`, `TB` of 1000, `KiB`, `MiB`, `GiB`, `TiB` of 1024,
/// in any case); without a unit it is bytes.
///
/// # Errors
/// [`SizeError`] says what is wrong.
pub fn parse(text: &str) -> Result<u64, SizeError> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let unit = unit.trim_start();
    let shown = || text.chars().take(40).collect::<String>();
    if digits.is_empty() {
        return Err(SizeError::NoNumber { text: shown() });
    }
    let bytes = if unit.is_empty() {
        Some(1)
    } else {
        UNITS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|(_, bytes)| *bytes)
    };
    let bytes = bytes.ok_or_else(|| SizeError::UnknownUnit {
        unit: unit.chars().take(40).collect(),
    })?;
    digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(bytes))
        .ok_or_else(|| SizeError::TooLarge { text: shown() })
}

/// Prints a size exactly, in the largest binary unit that needs no fraction, so that [`parse`] reads the same one again.
#[must_use]
pub fn print(size: u64) -> String {
    UNITS[..BINARY]
        .iter()
        .find(|(_, bytes)| size > 0 && size.is_multiple_of(*bytes))
        .map_or_else(
            || format!("{size}B"),
            |(unit, bytes)| format!("{}{unit}", size / bytes),
        )
}

/// Prints a size for a person, rounded to a tenth of its binary unit: `1.5 GiB`.
#[must_use]
pub fn rounded(size: u64) -> String {
    let Some((unit, bytes)) = UNITS[..BINARY].iter().find(|(_, bytes)| size >= *bytes) else {
        return format!("{size} B");
    };
    // Whole numbers only: a tenth is as fine as anybody reads it.
    let tenths = (u128::from(size) * 10 + u128::from(*bytes) / 2) / u128::from(*bytes);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// It does not start with a whole number.
    #[error("'{text}' does not start with a whole number; write for example 10MiB")]
    NoNumber {
        /// The text.
        text: String,
    },
    /// A unit that there is none of.
    #[error("'{unit}' is no unit of size; the units are B, KiB, MiB, GiB, TiB, KB, MB, GB and TB")]
    UnknownUnit {
        /// What stands in the unit's place.
        unit: String,
    },
    /// More bytes than can be counted.
    #[error("'{text}' is too large")]
    TooLarge {
        /// The text.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_1000_and_of_1024_are_two_things() {
        for (text, bytes) in [
            ("4096", 4096),
            ("0", 0),
            ("7B", 7),
            ("1KB", 1000),
            ("1KiB", 1024),
            (" 10 MiB ", 10 << 20),
            ("10mib", 10 << 20),
            ("2TB", 2_000_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_the_bad_part() {
        for (text, message) in [
            ("", "does not start with a whole number"),
            ("big", "'big' does not start"),
            ("-1", "'-1' does not start"),
            ("10 parsecs", "'parsecs' is no unit"),
            ("1.5GiB", "'.5GiB' is no unit"),
            ("99999999TiB", "too large"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for size in [0, 1, 1023, 1024, 1025, 3 << 20, 1 << 40, u64::MAX] {
            assert_eq!(parse(&print(size)), Ok(size), "{}", print(size));
        }
        assert_eq!(print(10 << 20), "10MiB");
    }

    #[test]
    fn a_person_reads_tenths() {
        assert_eq!(rounded(1536 << 20), "1.5 GiB");
        assert_eq!(rounded(999), "999 B");
        assert_eq!(rounded(u64::MAX), "16777216.0 TiB");
    }
}
