//! Reads the objects of a line by hand, so that everything that is wrong with a line is told at once, by its field and
//! never by its value.

use std::{cell::RefCell, fmt};

use serde_json::{Map, Value};

/// What there is to say about a line: `field: what is wrong and what is wanted`.
#[derive(Default)]
pub(super) struct Notes {
    /// What makes the line unusable.
    pub faults: RefCell<Vec<String>>,
    /// Fields that nothing here reads.
    pub unread: RefCell<Vec<String>>,
}

/// Where a value stands. Put into words only when there is something to say.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Line,
    Field(&'p Path<'p>, &'static str),
    Entry(&'p Path<'p>, usize),
}

/// One object of a line.
pub(super) struct Object<'v, 'p> {
    map: &'v Map<String, Value>,
    pub path: Path<'p>,
    pub notes: &'p Notes,
}

impl<'v, 'p> Object<'v, 'p> {
    /// `value` as an object that has only the fields `known`; `None` and a fault where it is none.
    pub fn of(value: &'v Value, path: Path<'p>, notes: &'p Notes, known: &[&str]) -> Option<Self> {
        let Value::Object(map) = value else {
            notes.fault(&path, "has to be an object");
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            // A name, not content: cut where it is none.
            let name: String = key.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
            notes.unread.borrow_mut().push(format!("{}{name}", Lead(&path)));
        }
        Some(Self { map, path, notes })
    }

    /// The value of a field, if it is there and not null.
    pub fn value(&self, name: &str) -> Option<&'v Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    /// A text, if it is there.
    pub fn text(&self, name: &'static str) -> Option<&'v str> {
        let value = self.value(name)?;
        value.as_str().or_else(|| self.fault(name, "has to be a text"))
    }

    /// A text that has to be there.
    pub fn needed(&self, name: &'static str) -> Option<&'v str> {
        if self.value(name).is_none() {
            return self.fault(name, "is missing");
        }
        self.text(name)
    }

    /// A name by which something is known: there, and not blank.
    pub fn id(&self, name: &'static str) -> Option<&'v str> {
        let id = self.needed(name)?;
        if id.trim().is_empty() { self.fault(name, "is blank") } else { Some(id) }
    }

    /// True or false; false where it is not there.
    pub fn flag(&self, name: &'static str) -> bool {
        let told = |value: &Value| value.as_bool().or_else(|| self.fault(name, "has to be true or false"));
        self.value(name).and_then(told).unwrap_or(false)
    }

    /// A number of characters that has to be there.
    pub fn offset(&self, name: &'static str) -> Option<usize> {
        let Some(value) = self.value(name) else { return self.fault(name, "is missing") };
        let offset = value.as_u64().and_then(|offset| usize::try_from(offset).ok());
        offset.or_else(|| self.fault(name, "has to be a number of characters"))
    }

    /// The entries of a list; none where it is not there.
    pub fn entries(&self, name: &'static str) -> &'v [Value] {
        match self.value(name) {
            None => &[],
            Some(Value::Array(entries)) => entries,
            Some(_) => {
                self.wrong(name, "has to be a list");
                &[]
            }
        }
    }

    /// Reads each object of a list.
    pub fn each(&self, name: &'static str, known: &[&str], mut read: impl FnMut(&Object<'v, '_>)) {
        let list = Path::Field(&self.path, name);
        for (index, entry) in self.entries(name).iter().enumerate() {
            if let Some(object) = Object::of(entry, Path::Entry(&list, index), self.notes, known) {
                read(&object);
            }
        }
    }

    /// Says what is wrong with a field.
    pub fn wrong(&self, name: &'static str, wrong: &str) {
        self.notes.fault(&Path::Field(&self.path, name), wrong);
    }

    /// The same, where a value was wanted.
    pub fn fault<T>(&self, name: &'static str, wrong: &str) -> Option<T> {
        self.wrong(name, wrong);
        None
    }
}

impl Notes {
    pub fn fault(&self, path: &Path<'_>, wrong: &str) {
        self.faults.borrow_mut().push(format!("{path} {wrong}"));
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Line => f.write_str("the line"),
            Path::Field(parent, name) => write!(f, "{}{name}", Lead(parent)),
            Path::Entry(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}

/// What stands before the name of a field.
struct Lead<'p>(&'p Path<'p>);

impl fmt::Display for Lead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Path::Line => Ok(()),
            path => write!(f, "{path}."),
        }
    }
}
