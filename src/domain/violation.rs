//! What is wrong with a submission, all of it at once, by field path and never by value.

/// One offending field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Path in the wire form, e.g. `submission.items[2].how_known`.
    pub field: String,
    /// What to do about it. Never holds the offending value.
    pub advice: String,
}

impl Violation {
    /// A violation at `field` with `advice` on what to do.
    pub fn new(field: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { field: field.into(), advice: advice.into() }
    }
}

/// Every violation found, in field order of discovery; empty means none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

impl Violations {
    /// Records one more.
    pub fn add(&mut self, field: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Violation::new(field, advice));
    }

    /// How many, in words.
    pub fn summary(&self) -> String {
        match self.0.len() {
            1 => "1 field is not right".to_owned(),
            many => format!("{many} fields are not right"),
        }
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_is_one() {
        let mut wrong = Violations::default();
        wrong.add("submission.child.name", "give it");
        assert_eq!(wrong.summary(), "1 field is not right");
        wrong.add("submission.child.age", "give it");
        assert_eq!(wrong.summary(), "2 fields are not right");
    }
}
