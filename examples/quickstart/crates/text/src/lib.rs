//! Splits a text into words.

/// The words of `text` in lower case: runs of letters, digits and apostrophes.
pub fn words(text: &str) -> Vec<String> {
    if text.is_empty() {
        say::loud!("the text is empty");
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '\'';
    let words: Vec<String> = text
        .split(|letter| !is_part(letter))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    say::quiet!("{} words", words.len());
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_found_between_anything_else() {
        assert_eq!(words("It's one, two;TWO"), ["it's", "one", "two", "two"]);
        assert_eq!(words(" -- "), [""; 0]);
    }
}
