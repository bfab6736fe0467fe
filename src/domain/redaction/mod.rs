//! Redaction: what each audience may read of a record.
//!
//! [`Engine`] is compiled once per record from a [`Form`] (everyone and everything listed) and a [`RedactionPolicy`]
//! (data). It finds mentions in a folded copy of a text, replaces them in the original by what the policy says for the
//! [`Lens`] the text is read through, and looks a second time, on another path, at every finished view. [`redact`] makes
//! the units of a record from a submission; [`Engine::narrative`] makes the views of one text.

mod addresses;
mod ascii;
mod breaks;
mod cards;
mod carer;
mod carer_copy;
mod casing;
mod children;
mod claims;
mod cues;
mod dates;
mod endings;
mod engine;
mod find;
mod floor;
mod fold;
mod form;
mod found;
mod grammar;
mod halves;
mod handles;
mod heads;
mod hidden_names;
mod house_numbers;
mod household;
mod index;
mod informants;
mod initials;
mod items;
mod kin;
mod last_digits;
mod later;
mod letters;
mod lexicon;
mod listing;
mod locations;
mod lost_letters;
mod mail;
mod marks;
mod mention;
mod misread;
mod named;
mod narrative;
mod needle;
mod numbers;
mod one_letter;
mod other_languages;
mod owners;
mod patterns;
mod people;
mod places;
mod plain;
mod plates;
mod policy;
mod pronouns;
mod prose;
mod ranges;
mod record;
mod render;
mod rescan;
mod resolve;
mod runs;
mod second_look;
mod seen;
mod shapes;
mod sheet;
mod somebody;
mod sounds;
mod sources;
mod spelt_marks;
mod spelt_values;
mod spoken_dates;
mod spoken_digits;
mod squeezed;
mod surnames;
mod table;
mod texts;
mod ties;
mod typos;
mod units;
mod unlisted_numbers;
mod values;
mod venues;
mod words;

pub use engine::{ENGINE_VERSION, Engine, Finished, Owner};
pub use floor::{Loosened, loosened};
pub(in crate::domain) use fold::plain_text;
pub use form::{Entity, Form, ListedPerson, ListedValue};
pub use later::redact_later;
pub(in crate::domain) use letters::{is_invisible, plain};
pub use lexicon::{Lexicon, WordList};
pub use listing::{Belonging, Listing, Owned, StatedPerson, StatedRole};
pub use mention::{Mention, Reading};
pub use narrative::{Narrative, Rendered, Section, Sharing};
pub use policy::{Action, Class, EffectiveRole, Lens, MissingRow, RedactionPolicy, Row};
pub use render::WITHHELD;
pub use resolve::Span;
pub use units::redact;

#[cfg(test)]
mod tests;
