//! `tally [--explain] [FILE]`: the ten most frequent words of a file, or of standard input.

use std::io::Read;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    let mut from_file = false;
    for word in std::env::args().skip(1) {
        if word == "--explain" {
            say::enable();
        } else {
            say::quiet!("reading {word}");
            text.push_str(&std::fs::read_to_string(word)?);
            from_file = true;
        }
    }
    if !from_file {
        std::io::stdin().read_to_string(&mut text)?;
    }
    print!("{}", render::render(&count::count(&text), 10));
    Ok(())
}
