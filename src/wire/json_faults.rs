//! Everything in a JSON text that is not of its message: a reader ends at the first fault, and whoever mends a form wants to know
//! of all.

use prost_reflect::{DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::json_path::{joined, name_in};

/// One field that is not right.
pub(super) struct Fault {
    /// Its path, e.g. `items[0].kind`; empty for the whole.
    pub path: String,
    /// What is wrong with it, and never its value.
    pub what: String,
}

/// Takes out of `value` what is not of `message`, each with what is wrong with it. What is left reads as `message`.
pub(super) fn sift(message: &MessageDescriptor, value: &mut Value) -> Vec<Fault> {
    let mut sieve = Sieve(Vec::new());
    sieve.object(message, value, "");
    sieve.0
}

/// Reads `value` as `message`, and all of it.
pub(super) fn read(message: &MessageDescriptor, value: &Value) -> Result<DynamicMessage, serde_json::Error> {
    DynamicMessage::deserialize_with_options(
        message.clone(),
        value,
        &DeserializeOptions::new().deny_unknown_fields(true),
    )
}

struct Sieve(Vec<Fault>);

impl Sieve {
    fn object(&mut self, message: &MessageDescriptor, value: &mut Value, path: &str) {
        let Value::Object(fields) = value else {
            self.add(path, "wrong type of value: expected an object with the fields of the contract".to_owned());
            *value = Value::Object(Map::new());
            return;
        };
        fields.retain(|name, value| {
            let path = joined(path, &name_in(name));
            let Some(field) = message.get_field_by_json_name(name).or_else(|| message.get_field_by_name(name)) else {
                self.add(&path, unknown(name));
                return false;
            };
            self.field(&field, value, &path)
        });
    }

    /// False where nothing is left of `value`.
    fn field(&mut self, field: &FieldDescriptor, value: &mut Value, path: &str) -> bool {
        match (inner(field), value) {
            (inner, Value::Array(list)) if field.is_list() => {
                self.list(field, inner.as_ref(), list, path);
                true
            }
            (Some(inner), value @ Value::Object(_)) if !field.is_list() => {
                self.object(&inner, value, path);
                true
            }
            (_, value) => self.reads(field, value.clone(), path),
        }
    }

    fn list(&mut self, field: &FieldDescriptor, inner: Option<&MessageDescriptor>, list: &mut Vec<Value>, path: &str) {
        let mut place = 0;
        list.retain_mut(|value| {
            let path = joined(path, &format!("[{place}]"));
            place += 1;
            match inner {
                Some(inner) => {
                    self.object(inner, value, &path);
                    true
                }
                None => self.reads(field, Value::Array(vec![value.clone()]), &path),
            }
        });
    }

    /// Whether `value` is one of `field`, asked of the reader itself.
    fn reads(&mut self, field: &FieldDescriptor, value: Value, path: &str) -> bool {
        let alone = Value::Object(Map::from_iter([(field.json_name().to_owned(), value)]));
        let read = read(field.parent_message(), &alone);
        if let Err(error) = &read {
            self.add(path, data_fault(&error.to_string()));
        }
        read.is_ok()
    }

    fn add(&mut self, path: &str, what: String) {
        self.0.push(Fault { path: path.to_owned(), what });
    }
}

/// The message of our own in `field`; times and the like are written as texts.
fn inner(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(inner) if !inner.full_name().starts_with("google.protobuf.") => Some(inner),
        _ => None,
    }
}

fn unknown(name: &str) -> String {
    format!("unknown field `{}`; the contract names every field there is", name_in(name))
}

/// What is wrong with a well-formed value, from the fixed part of the reader's words: the rest may quote the value.
pub(super) fn data_fault(words: &str) -> String {
    if words.starts_with("unrecognized enum value") {
        return "not a value of this enum; write the name as in the contract".to_owned();
    }
    if words.starts_with("invalid type") || words.starts_with("invalid value") {
        // The reader's expectation is the last part and one of its own fixed words.
        let expected = words.rsplit_once(", expected ").map_or("another type", |(_, rest)| rest);
        let expected = expected.split(" at line ").next().unwrap_or(expected);
        return format!("wrong type of value: expected {expected}");
    }
    "not a value of this field; times are RFC 3339 with offset, numbers within their range".to_owned()
}
