//! Which programming language a file is in, and whether it is a file of tests, by its path alone.
//!
//! Knows no content.

use std::path::Path;

/// The languages whose tests and stubs are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Language {
    Rust,
    Python,
    /// JavaScript and TypeScript.
    Script,
    Go,
    /// Java and Kotlin.
    Java,
}

impl Language {
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "rs" => Some(Self::Rust),
            "py" | "pyi" => Some(Self::Python),
            "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts" => Some(Self::Script),
            "go" => Some(Self::Go),
            "java" | "kt" | "kts" => Some(Self::Java),
            _ => None,
        }
    }

    /// Whether a file of this language holds tests and their helpers, and no code of the product.
    pub(super) fn is_test_file(self, path: &Path) -> bool {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let below = |dirs: &[&str]| {
            path.parent().is_some_and(|dir| {
                dir.components().any(|part| {
                    part.as_os_str()
                        .to_str()
                        .is_some_and(|part| dirs.contains(&part))
                })
            })
        };
        match self {
            Self::Rust => {
                matches!(stem, "test" | "tests")
                    || stem.ends_with("_test")
                    || stem.ends_with("_tests")
                    || below(&["tests"])
            }
            Self::Python => {
                stem.starts_with("test_")
                    || stem.ends_with("_test")
                    || stem == "tests"
                    || below(&["test", "tests"])
            }
            Self::Script => {
                let marked = name
                    .split('.')
                    .skip(1)
                    .any(|part| matches!(part, "test" | "spec"));
                marked || below(&["__tests__", "test", "tests"])
            }
            Self::Go => stem.ends_with("_test"),
            Self::Java => {
                let named = ["Test", "Tests", "IT", "Spec"]
                    .iter()
                    .any(|end| stem.ends_with(end));
                named
                    || (stem.starts_with("Test") && stem.len() > 4)
                    || below(&["test", "androidTest"])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_files_are_known_by_their_path() {
        for (path, is_test) in [
            ("tests/run.rs", true),
            ("src/run/tests.rs", true),
            ("src/run.rs", false),
            ("src/contests.rs", false),
            ("pkg/test_run.py", true),
            ("tests/helpers.py", true),
            ("pkg/contest.py", false),
            ("src/a.test.ts", true),
            ("src/a.spec.jsx", true),
            ("src/__tests__/a.js", true),
            ("src/latest.js", false),
            ("a_test.go", true),
            ("a.go", false),
            ("src/test/java/Helper.java", true),
            ("src/main/java/RunTest.java", true),
            ("src/main/java/Latest.java", false),
            ("src/main/java/Test.java", true),
        ] {
            let language = Language::of(Path::new(path)).unwrap();
            assert_eq!(language.is_test_file(Path::new(path)), is_test, "{path}");
        }
        assert_eq!(Language::of(Path::new("README.md")), None);
        assert_eq!(Language::of(Path::new("rs")), None);
    }
}
