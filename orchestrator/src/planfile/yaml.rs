//! YAML as far as front matter needs it: scalars, lists and maps, each with its place in the file.
//!
//! Anchors, aliases, tags and further documents are refused, so that the tree is never larger than its text. Knows
//! nothing of keys.

use std::ops::Range;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// Deepest nesting: a map of lists of maps is deeper than any key needs.
const MAX_DEPTH: usize = 8;

/// A value and its place in the file, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Nothing: an empty place, `~` or `null`.
    Null,
    /// Text, as it was written or as its quotes make it.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in order, with those that are repeated.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What it is, for a message.
    pub(super) fn noun(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// Reads one document that stands at `base` in its file; `None` where it is empty.
pub(super) fn read(text: &str, base: usize) -> Result<Option<Node>, YamlError> {
    let mut reader = Reader {
        base,
        end: base + text.len(),
        open: Vec::new(),
        root: None,
    };
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|error| reader.scan_error(text, &error))?;
        reader.take(event, span)?;
    }
    Ok(reader.root)
}

struct Reader {
    base: usize,
    end: usize,
    /// The collections that are not complete yet, from the outside in; a map's values stand after their keys.
    open: Vec<(Collection, Vec<Node>, Range<usize>)>,
    root: Option<Node>,
}

#[derive(Clone, Copy, PartialEq)]
enum Collection {
    List,
    Map,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let place = self.place(span);
        let refuse = |why: &'static str| {
            Err(YamlError {
                span: place.clone(),
                why: why.to_owned(),
            })
        };
        match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) | Event::Anchor(..) => refuse(NO_ANCHORS),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(_, anchor, _)
            | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                refuse(NO_ANCHORS)
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                refuse("tags such as !!str have no meaning in front matter")
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if self.open.len() == MAX_DEPTH => {
                refuse("it is nested more than eight levels deep")
            }
            Event::SequenceStart(..) => {
                self.open.push((Collection::List, Vec::new(), place));
                Ok(())
            }
            Event::MappingStart(..) => {
                self.open.push((Collection::Map, Vec::new(), place));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place.end),
            Event::Scalar(text, style, ..) => {
                let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                let kind = if null {
                    Kind::Null
                } else {
                    Kind::Scalar(text.into_owned())
                };
                self.add(Node { kind, span: place })
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, end: usize) -> Result<(), YamlError> {
        let Some((collection, nodes, place)) = self.open.pop() else {
            return Ok(());
        };
        let last = nodes.last().map_or(place.end, |node| node.span.end);
        // The end of a block collection is reported where the next thing begins; the last value ends before that.
        let span = place.start..if end > place.end && collection_is_flow(&place) {
            end
        } else {
            last.max(place.end)
        };
        let kind = match collection {
            Collection::List => Kind::List(nodes),
            Collection::Map => {
                let mut pairs = Vec::with_capacity(nodes.len() / 2);
                let mut nodes = nodes.into_iter();
                while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                    pairs.push((key, value));
                }
                Kind::Map(pairs)
            }
        };
        self.add(Node { kind, span })
    }

    fn add(&mut self, node: Node) -> Result<(), YamlError> {
        match self.open.last_mut() {
            Some((_, nodes, _)) => nodes.push(node),
            None if self.root.is_none() => self.root = Some(node),
            None => {
                return Err(YamlError {
                    span: node.span,
                    why: "front matter is one document, not several".to_owned(),
                });
            }
        }
        Ok(())
    }

    fn place(&self, span: Span) -> Range<usize> {
        let range = span.byte_range().unwrap_or(0..0);
        let start = (self.base + range.start).min(self.end);
        start..(self.base + range.end).clamp(start, self.end)
    }

    fn scan_error(&self, text: &str, error: &ScanError) -> YamlError {
        let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
        let start = text.floor_char_boundary(at);
        let end = text[start..]
            .chars()
            .next()
            .map_or(start, |c| start + c.len_utf8());
        let why = error.info().lines().next().unwrap_or_default().to_owned();
        YamlError {
            span: self.base + start..self.base + end,
            why,
        }
    }
}

/// A flow collection's start is its bracket; a block collection's start is empty.
fn collection_is_flow(start: &Range<usize>) -> bool {
    !start.is_empty()
}

const NO_ANCHORS: &str = "anchors and aliases have no meaning in front matter";

/// Text that is no YAML, or more YAML than front matter may hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(super) struct YamlError {
    /// Where, in bytes of the file.
    pub(super) span: Range<usize>,
    /// What is wrong.
    pub(super) why: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in one line: text in quotes, places left out.
    fn shape(node: &Node) -> String {
        match &node.kind {
            Kind::Null => "null".to_owned(),
            Kind::Scalar(text) => format!("{text:?}"),
            Kind::List(nodes) => format!(
                "[{}]",
                nodes.iter().map(shape).collect::<Vec<_>>().join(" ")
            ),
            Kind::Map(pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| format!("{}={}", shape(key), shape(value)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[track_caller]
    fn tree(text: &str) -> Node {
        read(text, 0).unwrap().unwrap()
    }

    #[test]
    fn scalars_lists_and_maps_are_read() {
        let text = "a: 5\nb: [x, 'y z']\nc:\n  - p # comment\n  - |\n    q\n    r\nd:\ne: {k: v}\nf: ~\ng: \"null\"\n";
        assert_eq!(
            shape(&tree(text)),
            r#"{"a"="5" "b"=["x" "y z"] "c"=["p" "q\nr\n"] "d"=null "e"={"k"="v"} "f"=null "g"="null"}"#
        );
    }

    #[test]
    fn every_value_knows_its_place() {
        let text = "é: 5\nb: [x, 'y']\nc:\n  - p\n";
        let Kind::Map(pairs) = tree(text).kind else {
            panic!("no map")
        };
        let places: Vec<&str> = pairs
            .iter()
            .map(|(_, value)| &text[value.span.clone()])
            .collect();
        assert_eq!(places[..2], ["5", "[x, 'y']"]);
        let Kind::List(items) = &pairs[1].1.kind else {
            panic!("no list")
        };
        assert_eq!(&text[items[1].span.clone()], "'y'");
    }

    #[test]
    fn nothing_is_no_tree() {
        for text in ["", "\n", "# only a comment\n"] {
            assert_eq!(
                read(text, 7)
                    .unwrap()
                    .filter(|node| node.kind != Kind::Null),
                None,
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_front_matter_may_not_hold_is_refused_at_its_place() {
        for (text, part) in [
            ("a: &x 5\nb: *x\n", "anchors"),
            ("a: *x\n", ""),
            ("a: !!str 5\n", "tags"),
            ("a: [b\n", ""),
            ("a: b: c\n", ""),
            ("a: \"b\n", ""),
            ("a: [[[[[[[[[[1]]]]]]]]]]\n", "deep"),
            ("a\n--- b\n", "one document"),
        ] {
            let error = read(text, 100).unwrap_err();
            assert!(
                error.why.contains(part) && !error.why.is_empty(),
                "{text:?}: {error}"
            );
            assert!(
                error.span.start >= 100 && error.span.end <= 100 + text.len(),
                "{text:?}: {error:?}"
            );
        }
    }

    #[test]
    fn a_laugh_a_billion_times_is_refused_at_once() {
        let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (name, before) in ('b'..='i').zip('a'..) {
            text.push_str(&format!(
                "{name}: &{name} [*{before}, *{before}, *{before}, *{before}]\n"
            ));
        }
        assert!(read(&text, 0).is_err());
        assert!(read(&"[".repeat(60_000), 0).is_err());
        assert!(read(&"? ".repeat(30_000), 0).is_err());
        assert!(read(&"- ".repeat(30_000), 0).is_err());
    }
}
