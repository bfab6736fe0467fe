//! Finds what one object of a JSON text states twice. A parser would keep the last and drop the first without a word, and what is
//! dropped may be an item about a child.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::json_path::{joined, name_in};

/// The paths of all fields of `text` that are stated twice, in order.
///
/// # Errors
/// It is not JSON.
pub(super) fn stated_twice(text: &str) -> Result<Vec<String>, serde_json::Error> {
    let mut twice = Vec::new();
    let mut json = serde_json::Deserializer::from_str(text);
    Walk { here: &Here::Whole, twice: &mut twice }.deserialize(&mut json)?;
    json.end()?;
    Ok(twice)
}

/// A place in the text; its path is written out only where something is wrong with it.
enum Here<'h> {
    Whole,
    Field(&'h Here<'h>, &'h str),
    Place(&'h Here<'h>, usize),
}

impl Here<'_> {
    fn path(&self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Field(outer, name) => joined(&outer.path(), &name_in(name)),
            Self::Place(outer, number) => joined(&outer.path(), &format!("[{number}]")),
        }
    }
}

/// Walks over the value that stands `here`.
struct Walk<'w> {
    here: &'w Here<'w>,
    twice: &'w mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let here = Here::Field(self.here, &key);
            // `first_account` and `firstAccount` are the same field.
            let name: String = key.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect();
            if !seen.insert(name) {
                self.twice.push(here.path());
            }
            map.next_value_seed(Walk { here: &here, twice: self.twice })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        while list.next_element_seed(Walk { here: &Here::Place(self.here, number), twice: self.twice })?.is_some() {
            number += 1;
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}
