//! Tells a secret from the example of one: documentation is full of keys that open nothing.
//!
//! Knows no format but what it is asked about.

/// Fewest different characters in the random part of a real secret. Twelve random digits hold fewer than six different
/// ones once in some thousand times; every format of the table has at least sixteen characters out of a larger set.
const MIN_DIFFERENT: usize = 6;

/// Words that stand in examples. A random text of 40 letters and digits holds a given one of them once in 10^7 times.
const EXAMPLE_WORDS: [&str; 9] = [
    "example",
    "placeholder",
    "your_",
    "your-",
    "xxxxxx",
    "redacted",
    "changeme",
    "insert",
    "000000000",
];

/// The payload of the example token that the documentation of JSON web tokens shows, and that everyone copies.
const EXAMPLE_SUBJECT: &[u8] = b"eyJzdWIiOiIxMjM0NTY3ODkw";

/// Whether `secret` looks drawn at random, and not typed as an example.
pub(super) fn is_random(secret: &[u8], _after: &[u8]) -> bool {
    let lower = secret.to_ascii_lowercase();
    if EXAMPLE_WORDS
        .iter()
        .any(|word| contains(&lower, word.as_bytes()))
    {
        return false;
    }
    let tail = &secret[secret.len() - secret.len().min(32)..];
    let mut different = tail.to_vec();
    different.sort_unstable();
    different.dedup();
    let steps = tail
        .windows(2)
        .filter(|pair| pair[0].wrapping_add(1) == pair[1])
        .count();
    different.len() >= MIN_DIFFERENT && steps * 2 < tail.len()
}

/// Whether a text of the form `header.payload.signature` is a JSON web token with a signature.
pub(super) fn is_signed_token(token: &[u8], after: &[u8]) -> bool {
    let mut parts = token.split(|&byte| byte == b'.');
    let header = parts.next().map(decode).unwrap_or_default();
    let payload = parts.next().unwrap_or_default();
    let signature = parts.next().unwrap_or_default();
    contains(&header, b"\"alg\"")
        && !payload.starts_with(EXAMPLE_SUBJECT)
        && is_random(signature, after)
}

/// Whether what stands after the first line of a private key can be a key; at the end of the text it counts as one.
pub(super) fn is_followed_by_key(_first_line: &[u8], after: &[u8]) -> bool {
    let next = after
        .split(|&byte| byte == b'\n')
        .skip(1)
        .map(|line| {
            let mark = line
                .iter()
                .take_while(|byte| b"+#*> \t".contains(byte))
                .count();
            line[mark..].trim_ascii()
        })
        .find(|line| !line.is_empty());
    let Some(next) = next else { return true };
    let encoded = next
        .iter()
        .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    let header = [b"Proc-Type:".as_slice(), b"Version:", b"Comment:"]
        .iter()
        .any(|name| next.starts_with(name));
    header || encoded && next.len() >= 16 && is_random(next, &[])
}

/// Base64 for addresses, without padding; what is none of its digits is left out.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for &c in text {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
