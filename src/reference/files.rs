//! The files of one policy as a set: by name, each with its text, whole and within bounds.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Files, ReferenceError, redaction};

/// The file of the vocabulary of advice.
const LINT: &str = "lint.toml";
/// Where the versions of the rule table are.
const RULES: &str = "rules/";
/// Most bytes of all texts and names together, so that whatever is in force can be sent in one message and kept whole.
pub const LARGEST_SET: usize = 1_000_000;
/// Longest name of a version of the rule table.
const LONGEST_NAME: usize = 64;

/// The files of one policy, in the order of their names.
#[derive(Clone, PartialEq, Eq)]
pub struct FileSet(BTreeMap<String, String>);

impl FileSet {
    /// The files that are there exactly once.
    pub const NAMES: [&str; 9] = [
        "directory.toml",
        "calendar.toml",
        "queues.toml",
        "deadlines.toml",
        "contacts.toml",
        "memory.toml",
        LINT,
        redaction::TABLE,
        redaction::WORDS,
    ];

    /// The files that the binary carries.
    pub fn embedded() -> Self {
        let once = [
            include_str!("../../deploy/reference/directory.toml"),
            include_str!("../../deploy/reference/calendar.toml"),
            include_str!("../../deploy/reference/queues.toml"),
            include_str!("../../deploy/reference/deadlines.toml"),
            include_str!("../../deploy/reference/contacts.toml"),
            include_str!("../../deploy/reference/memory.toml"),
            include_str!("../../deploy/reference/lint.toml"),
            include_str!("../../deploy/reference/redaction.toml"),
            include_str!("../../deploy/reference/redaction-words.toml"),
        ];
        let rules = super::EMBEDDED.rules.iter().map(|(name, text)| (format!("{RULES}{name}.toml"), *text));
        let all = Self::NAMES.map(str::to_owned).into_iter().zip(once).chain(rules);
        Self(all.map(|(name, text)| (name, text.to_owned())).collect())
    }

    /// The files that were given, and what is wrong with them as a set: a name that is none of a policy's, one that is there
    /// twice, one that is missing, too much.
    pub fn gather(files: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<ReferenceError>) {
        let (mut set, mut wrong) = (BTreeMap::new(), Vec::new());
        let mut complain = |file: &str, what: &str| {
            wrong.push(ReferenceError { file: file.to_owned(), at: "file".to_owned(), what: what.to_owned() });
        };
        for (name, text) in files {
            if !Self::is_name(&name) {
                let shown: String = name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
                complain(&shown, "is no file of a policy; rule tables are rules/VERSION.toml");
            } else if set.insert(name.clone(), text).is_some() {
                complain(&name, "is there twice");
            }
        }
        for name in Self::NAMES.iter().filter(|name| !set.contains_key(**name)) {
            complain(name, "is missing");
        }
        let set = Self(set);
        if set.size() > LARGEST_SET {
            let what = format!("{} bytes in all, and {LARGEST_SET} are possible: take old rule tables out", set.size());
            complain(RULES, &what);
        }
        (set, wrong)
    }

    /// May a file of a set have this name?
    pub fn is_name(name: &str) -> bool {
        Self::NAMES.contains(&name) || version_of_name(name).is_some()
    }

    /// Every file, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The text of a file; empty where it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Bytes of all texts and names.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, text)| name.len() + text.len()).sum()
    }

    /// The set as bytes of which a digest is taken: each name and each text behind its length, in the order of names.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = b"homeward/policy/1".to_vec();
        for part in self.0.iter().flat_map(|(name, text)| [name, text]) {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        bytes
    }

    /// Every version of the rule table, by its name.
    pub fn rules(&self) -> Vec<(&str, &str)> {
        self.iter().filter_map(|(name, text)| Some((version_of_name(name)?, text))).collect()
    }

    /// The files that make a policy, and, apart, advice and redaction; `rules` is [`Self::rules`].
    pub(super) fn files<'a>(&'a self, rules: &'a [(&'a str, &'a str)]) -> Files<'a> {
        Files {
            directory: self.text("directory.toml"),
            calendar: self.text("calendar.toml"),
            rules,
            queues: self.text("queues.toml"),
            deadlines: self.text("deadlines.toml"),
            contacts: self.text("contacts.toml"),
            memory: self.text("memory.toml"),
        }
    }

    /// The vocabulary of advice.
    pub(super) fn lint(&self) -> &str {
        self.text(LINT)
    }
}

/// Names and sizes, no text.
impl std::fmt::Debug for FileSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, text)| (name, text.len()))).finish()
    }
}

/// What a file calls its version; empty where it does not say.
pub fn version_of(text: &str) -> String {
    #[derive(Deserialize)]
    struct Head {
        version: Option<String>,
    }
    toml::from_str::<Head>(text).ok().and_then(|head| head.version).unwrap_or_default()
}

/// `2026-11-3` of `rules/2026-11-3.toml`.
pub(super) fn version_of_name(name: &str) -> Option<&str> {
    let version = name.strip_prefix(RULES)?.strip_suffix(".toml")?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let sound = !version.is_empty() && version.len() <= LONGEST_NAME && !version.starts_with('.');
    Some(version).filter(|version| sound && version.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Vec<(String, String)> {
        FileSet::embedded().iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
    }

    #[test]
    fn what_the_binary_carries_is_a_set_and_each_of_its_files_names_its_version() {
        let (set, wrong) = FileSet::gather(shipped());
        assert_eq!((set, wrong), (FileSet::embedded(), Vec::new()));
        let unversioned: Vec<_> = shipped().into_iter().filter(|(_, text)| version_of(text).is_empty()).collect();
        assert_eq!(unversioned.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), [redaction::WORDS]);
        assert_eq!(FileSet::embedded().rules()[0].0, version_of(FileSet::embedded().rules()[0].1));
    }

    #[test]
    fn everything_that_is_wrong_with_a_set_is_told_at_once() {
        let mut files = shipped();
        files.retain(|(name, _)| name != "calendar.toml");
        files.push(files[0].clone());
        for name in ["notes.txt", "rules/../x.toml", "rules/.toml", "rules/a/b.toml", "rules/\u{7}.toml", ""] {
            files.push((name.to_owned(), String::new()));
        }
        files.push(("rules/2027-01-1.toml".to_owned(), "#".repeat(LARGEST_SET)));
        let (_, wrong) = FileSet::gather(files);
        let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 9, "{told:?}");
        assert!(told.iter().all(|one| !one.contains('\u{7}')));
        let sound = ["contacts.toml: file: is there twice", "calendar.toml: file: is missing", "rules/: file: "];
        assert!(sound.iter().all(|words| told.iter().any(|one| one.starts_with(words))), "{told:?}");
    }

    #[test]
    fn the_digest_is_of_names_and_texts_and_of_where_one_ends() {
        let of = |files: &[(&str, &str)]| {
            FileSet::gather(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))).0.canonical()
        };
        let sets = [
            of(&[("rules/a.toml", "bc")]),
            of(&[("rules/a.toml", "b")]),
            of(&[("rules/b.toml", "bc")]),
            of(&[("rules/a.toml", "b"), ("rules/b.toml", "c")]),
        ];
        let different: std::collections::BTreeSet<_> = sets.iter().collect();
        assert_eq!(different.len(), sets.len());
        assert_eq!(
            of(&[("rules/b.toml", "c"), ("rules/a.toml", "b")]),
            sets[3],
            "the order in which they came is nothing"
        );
    }
}
