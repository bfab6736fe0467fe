//! Source files as tokens: every path named in a file, macro bodies and attributes included.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};

/// A source file as tokens.
pub struct Source {
    /// Path from the root of the package.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Every token as text; groups are opened and closed by their delimiters.
    pub flat: Vec<String>,
}

impl Source {
    /// Reads one file's text.
    pub fn read(name: &str, text: String) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name} is not Rust: {error}"));
        let mut flat = Vec::new();
        flatten(tokens, &mut flat);
        Self { name: name.to_owned(), text, flat }
    }

    /// How deep the file's module lies below the crate root.
    fn depth(&self) -> usize {
        let inside = self.name.trim_start_matches("src/").trim_end_matches(".rs");
        inside.split('/').filter(|part| *part != "mod").count()
    }

    /// Every path in the file from its first segment on, use-groups taken apart, `super` resolved as far as the root.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        let mut at = 0;
        while at < self.flat.len() {
            let begins = is_word(&self.flat[at]) && !ends_path(&self.flat[..at]) && self.follows(at);
            if begins {
                at = self.walk(at, &mut Vec::new(), &mut paths);
            } else {
                at += 1;
            }
        }
        paths.iter().map(|path| self.resolve(path)).collect()
    }

    fn follows(&self, at: usize) -> bool {
        self.flat.get(at + 1).is_some_and(|token| token == ":")
            && self.flat.get(at + 2).is_some_and(|token| token == ":")
    }

    /// Reads one path (or group of paths) from `at`; returns where it ends.
    fn walk(&self, mut at: usize, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
        let depth = prefix.len();
        loop {
            match self.flat.get(at).map(String::as_str) {
                Some("{") => {
                    at += 1;
                    while self.flat.get(at).is_some_and(|token| token != "}") {
                        let next = self.walk(at, &mut prefix.clone(), paths);
                        at = if next == at { at + 1 } else { next };
                    }
                    prefix.truncate(depth);
                    return at + 1;
                }
                Some(token) if is_word(token) => {
                    prefix.push(token.to_owned());
                    if self.follows(at) {
                        at += 3;
                        continue;
                    }
                    paths.push(prefix.clone());
                    return at + 1;
                }
                _ => {
                    if !prefix.is_empty() {
                        paths.push(prefix.clone());
                    }
                    return at;
                }
            }
        }
    }

    fn resolve(&self, path: &[String]) -> Vec<String> {
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        if supers > 0 && supers >= self.depth() {
            return std::iter::once("crate".to_owned()).chain(path[supers..].iter().cloned()).collect();
        }
        path.to_vec()
    }
}

fn flatten(tokens: TokenStream, flat: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                flat.push(open.to_owned());
                flatten(group.stream(), flat);
                flat.push(close.to_owned());
            }
            other => flat.push(other.to_string()),
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// True when what comes before continues a path, so that the next word does not begin one.
fn ends_path(before: &[String]) -> bool {
    matches!(before, [.., word, a, b] if a == ":" && b == ":" && (is_word(word) || word == ">"))
}

pub fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            Source::read(&name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
