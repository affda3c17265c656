//! What a Rust file says, read from its tokens in one pass.
//!
//! Tokens rather than a syntax tree, so that code inside macros is seen as well. No rule lives here: the
//! other modules judge these facts.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, Ident, Punct, TokenStream, TokenTree};

use crate::{Finding, Tree, TreeFile};

/// A fact's place: its line, from 1, and whether only tests run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// Whether it lies in a test file, a `#[cfg(test)]` item or a test function.
    pub in_test: bool,
}

/// A function with a body.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name without path.
    pub name: String,
    /// Where its `fn` stands.
    pub place: Place,
    /// Lines from `fn` to the closing brace, both counted.
    pub lines: usize,
}

/// The facts of one file.
#[derive(Debug, Default)]
pub struct RustFile {
    /// Path from the repository's root.
    pub path: String,
    /// Functions that have a body, nested ones too.
    pub functions: Vec<Function>,
    /// Names of the macros called.
    pub macros: Vec<(String, Place)>,
    /// String literals as written, quotes included; documentation is left out.
    pub strings: Vec<(String, Place)>,
    /// Calls of a free function named `sleep` or `sleep_until`.
    pub sleeps: Vec<Place>,
    /// `#[ignore]` attributes.
    pub ignores: Vec<Place>,
    /// `allow` and `expect` attributes that give no reason.
    pub silent_allows: Vec<Place>,
}

impl RustFile {
    /// Reads the facts of one file.
    ///
    /// # Errors
    /// When the text does not split into Rust tokens.
    pub fn read(file: &TreeFile) -> Result<Self, Finding> {
        let stream = TokenStream::from_str(&file.text).map_err(|error| {
            Finding::new(
                &file.path,
                error.span().start().line,
                format!("not Rust tokens: {error}"),
            )
        })?;
        let mut facts = Self {
            path: file.path.clone(),
            ..Self::default()
        };
        facts.walk(stream, is_test_file(file));
        Ok(facts)
    }

    /// Reads every `.rs` file of the tree; files that cannot be read become findings.
    #[must_use]
    pub fn read_all(tree: &Tree) -> (Vec<Self>, Vec<Finding>) {
        let mut files = Vec::new();
        let mut findings = Vec::new();
        for file in tree.with_extension("rs") {
            match Self::read(file) {
                Ok(facts) => files.push(facts),
                Err(finding) => findings.push(finding),
            }
        }
        (files, findings)
    }

    /// Goes through one level of tokens and into its groups. A test attribute holds until the next braces
    /// or semicolon, which end the item it stands on.
    fn walk(&mut self, stream: TokenStream, mut in_test: bool) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut item_is_test = false;
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            let place = Place {
                line: token.span().start().line,
                in_test: in_test || item_is_test,
            };
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some((group, inner)) = attribute(&tokens[index + 1..]) {
                        let marks_test = self.attribute(group, place);
                        in_test |= marks_test && inner;
                        item_is_test |= marks_test;
                        index += if inner { 2 } else { 1 };
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => item_is_test = false,
                TokenTree::Punct(_) => {}
                TokenTree::Ident(ident) => self.ident(ident, &tokens, index, place),
                TokenTree::Literal(literal) => {
                    let written = literal.to_string();
                    if written.ends_with('"') || written.ends_with('#') {
                        self.strings.push((written, place));
                    }
                }
                TokenTree::Group(group) => {
                    self.walk(group.stream(), in_test || item_is_test);
                    item_is_test &= group.delimiter() != Delimiter::Brace;
                }
            }
            index += 1;
        }
    }

    /// Records what an attribute says; answers whether it marks its item as a test.
    fn attribute(&mut self, group: &Group, place: Place) -> bool {
        let words = idents(group.stream());
        let has = |word: &str| words.iter().any(|known| known == word);
        let first = words.first().map_or("", String::as_str);
        let conditional = first == "cfg_attr";
        if first == "ignore" || (conditional && has("ignore")) {
            self.ignores.push(place);
        }
        let relaxes = |word: &str| first == word || (conditional && has(word));
        if (relaxes("allow") || relaxes("expect")) && !has("reason") {
            self.silent_allows.push(place);
        }
        let path_is_test = leading_path(group.stream()).is_some_and(|name| name == "test");
        path_is_test || (first == "cfg" && has("test") && !has("not"))
    }

    fn ident(&mut self, ident: &Ident, tokens: &[TokenTree], index: usize, place: Place) {
        let next = tokens.get(index + 1);
        if ident == "fn"
            && let Some(TokenTree::Ident(name)) = next
        {
            if let Some(body) = body_of(&tokens[index + 2..]) {
                let lines = body.span_close().end().line + 1 - place.line;
                self.functions.push(Function {
                    name: name.to_string(),
                    place,
                    lines,
                });
            }
        } else if next.is_some_and(|next| is_punct(next, '!'))
            && matches!(tokens.get(index + 2), Some(TokenTree::Group(_)))
        {
            self.macros.push((ident.to_string(), place));
        } else if (ident == "sleep" || ident == "sleep_until")
            && matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
        {
            let before = index.checked_sub(1).and_then(|index| tokens.get(index));
            let is_own = before.is_some_and(|token| {
                is_punct(token, '.') || matches!(token, TokenTree::Ident(word) if word == "fn")
            });
            if !is_own {
                self.sleeps.push(place);
            }
        }
    }
}

/// Whether every line of the file belongs to tests.
fn is_test_file(file: &TreeFile) -> bool {
    let name = file.name();
    file.directory().split('/').any(|part| part == "tests")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
}

/// The attribute that follows a `#`, and whether it is an inner one.
fn attribute(rest: &[TokenTree]) -> Option<(&Group, bool)> {
    let (token, inner) = match rest {
        [bang, group, ..] if is_punct(bang, '!') => (group, true),
        [group, ..] => (group, false),
        [] => return None,
    };
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some((group, inner)),
        _ => None,
    }
}

/// The first braces before a semicolon: a function's body.
fn body_of(rest: &[TokenTree]) -> Option<&Group> {
    rest.iter()
        .take_while(|token| !is_punct(token, ';'))
        .find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
            _ => None,
        })
}

/// The last name of the path an attribute begins with: `test` for `#[tokio::test(…)]`.
fn leading_path(stream: TokenStream) -> Option<String> {
    let mut last = None;
    for token in stream {
        match token {
            TokenTree::Ident(ident) => last = Some(ident.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => break,
        }
    }
    last
}

/// Every identifier of a stream, groups included, in order.
fn idents(stream: TokenStream) -> Vec<String> {
    let mut words = Vec::new();
    for token in stream {
        match token {
            TokenTree::Ident(ident) => words.push(ident.to_string()),
            TokenTree::Group(group) => words.extend(idents(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    words
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if Punct::as_char(punct) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> RustFile {
        RustFile::read(&TreeFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .unwrap()
    }

    #[test]
    fn measures_functions_from_fn_to_the_closing_brace() {
        let facts = read(
            "a.rs",
            "fn one() {}\n\nimpl A {\n    async fn three(\n    ) {\n    }\n}\n",
        );
        let sizes: Vec<_> = facts
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.lines))
            .collect();
        assert_eq!(sizes, [("one", 1), ("three", 3)]);
    }

    #[test]
    fn declarations_and_function_pointers_have_no_body() {
        let facts = read(
            "a.rs",
            "trait T { fn a(&self); }\nstruct S { f: fn(u8) -> u8 }\nfn b() {}",
        );
        assert_eq!(facts.functions.len(), 1);
        assert_eq!(facts.functions[0].name, "b");
    }

    #[test]
    fn braces_in_strings_and_comments_do_not_count() {
        let facts = read(
            "a.rs",
            "fn a() {\n    // }\n    let _ = \"}\";\n    let _ = '}';\n}\nfn b() {}",
        );
        let sizes: Vec<_> = facts
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.lines))
            .collect();
        assert_eq!(sizes, [("a", 5), ("b", 1)]);
    }

    #[test]
    fn test_items_end_where_their_braces_end() {
        let text = "#[cfg(test)]\nuse x::y;\nfn live() {}\n#[cfg(test)]\nmod t {\n  fn inner() {}\n}\n\
                    #[tokio::test(start_paused = true)]\nasync fn case() {}\nfn after() {}";
        let facts = read("a.rs", text);
        let tests: Vec<_> = facts
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.place.in_test))
            .collect();
        assert_eq!(
            tests,
            [("live", false), ("inner", true), ("case", true), ("after", false)]
        );
    }

    #[test]
    fn cfg_not_test_is_not_a_test() {
        let facts = read("a.rs", "#[cfg(not(test))]\nfn live() {}");
        assert!(!facts.functions[0].place.in_test);
    }

    #[test]
    fn test_files_are_tests_throughout() {
        for path in [
            "crates/a/tests/b.rs",
            "crates/a/tests/b/c.rs",
            "src/tests.rs",
            "src/hub_tests.rs",
        ] {
            assert!(read(path, "fn a() {}").functions[0].place.in_test, "{path}");
        }
        assert!(!read("src/latest.rs", "fn a() {}").functions[0].place.in_test);
        assert!(
            read("a.rs", "#![cfg(test)]\nfn a() {}\nfn b() {}").functions[1]
                .place
                .in_test
        );
    }

    #[test]
    fn sees_sleeps_inside_macros_but_not_methods_or_definitions() {
        let text = "fn a() { tokio::select! { _ = time::sleep(d) => {} } clock.sleep(d); sleep_until(t); }\n\
                    fn sleep(d: D) {}";
        assert_eq!(read("a.rs", text).sleeps.len(), 2);
    }

    #[test]
    fn sees_macros_strings_and_attributes() {
        let facts = read(
            "a.rs",
            "/// a \"doc\" text\n#[ignore = \"slow\"]\n#[allow(dead_code)]\nfn a() { todo!(); b != c; r#\"raw\"#; }\n\
             #[expect(dead_code, reason = \"used by name\")]\nfn d() {}",
        );
        assert_eq!(facts.macros[0].0, "todo");
        assert_eq!(facts.macros.len(), 1);
        assert_eq!(
            facts
                .strings
                .iter()
                .map(|(text, _)| text.as_str())
                .collect::<Vec<_>>(),
            ["r#\"raw\"#"]
        );
        assert_eq!(
            facts.ignores,
            [Place {
                line: 2,
                in_test: false
            }]
        );
        assert_eq!(
            facts.silent_allows,
            [Place {
                line: 3,
                in_test: false
            }]
        );
    }

    #[test]
    fn broken_text_is_a_finding() {
        let (files, findings) = RustFile::read_all(&Tree::from_files(&[("a.rs", "fn a() {")]));
        assert!(files.is_empty());
        assert_eq!(findings[0].path, "a.rs");
    }
}
