//! Protobuf JSON, read and written from the descriptors alone. A text that cannot be read is one error with line and
//! column, in words that never hold a value of it.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::error::Category;
use thiserror::Error;

use super::{
    json_once::{EachOnce, STATED_TWICE},
    json_path::path_at,
};

/// Why a text is not the JSON form of a message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {message}")]
pub struct JsonError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1; 0 where the line itself is the place.
    pub column: usize,
    /// What is wrong and what to do. Field names, never values.
    pub message: String,
}

/// A message has no JSON form: the other side sent a time outside the years 1 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a time in the message is outside the years 1 to 9999")]
pub struct Unprintable;

/// Reads the JSON form of `homeward.v1.<name>`. Field names in the proto's own spelling or in lowerCamelCase; an unknown
/// field is refused, and so is one that is stated twice.
///
/// A byte order mark before it is no part of it: some editors write one that nobody sees.
pub fn from_json<T: Message + Default>(name: &str, text: &str) -> Result<T, JsonError> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    each_field_once(text)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor(name), &mut json, &options)
        .map_err(|error| explain(text, &error))?;
    json.end().map_err(|error| explain(text, &error))?;
    Ok(message.transcode_to().expect("a message read by its own descriptor has its own encoding"))
}

/// Looks whether `text` is JSON in which every object states each of its fields once.
pub fn each_field_once(text: &str) -> Result<(), JsonError> {
    serde_json::from_str::<EachOnce>(text).map(|EachOnce| ()).map_err(|error| explain(text, &error))
}

/// The JSON form of `homeward.v1.<name>` on one line, with the proto's field names. Lists, numbers and texts are always
/// there, so that a program can rely on every name; absent messages and times are not.
pub fn to_json<T: Message>(name: &str, message: &T) -> Result<String, Unprintable> {
    write(name, message, false)
}

/// As [`to_json`], without what is empty: the form in which a person writes a submission, to hold files against.
#[cfg(test)]
pub(super) fn to_short_json<T: Message>(name: &str, message: &T) -> Result<String, Unprintable> {
    write(name, message, true)
}

fn write<T: Message>(name: &str, message: &T, short: bool) -> Result<String, Unprintable> {
    let mut dynamic = DynamicMessage::new(descriptor(name));
    dynamic.transcode_from(message).expect("a generated message has the encoding of its descriptor");
    let options = SerializeOptions::new().use_proto_field_name(true).skip_default_fields(short);
    let mut json = serde_json::Serializer::new(Vec::new());
    dynamic.serialize_with_options(&mut json, &options).map_err(|_| Unprintable)?;
    Ok(String::from_utf8(json.into_inner()).expect("JSON is UTF-8"))
}

/// The descriptor of a message of the contract. Names are the program's own, never a caller's.
fn descriptor(name: &str) -> MessageDescriptor {
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(super::DESCRIPTOR).expect("the build wrote the descriptors"));
    POOL.get_message_by_name(&format!("homeward.v1.{name}")).expect("the contract has this message")
}

/// Fixed words for a parser's error: its own may quote the value.
fn explain(text: &str, error: &serde_json::Error) -> JsonError {
    let message = match error.classify() {
        Category::Eof => "the text ends before the JSON does".to_owned(),
        Category::Syntax if error.to_string().starts_with("recursion limit exceeded") => {
            "nested too deeply: a submission has few levels; look for a bracket too many".to_owned()
        }
        Category::Syntax | Category::Io => "not well-formed JSON".to_owned(),
        Category::Data => {
            let (fault, path) = (data_fault(&error.to_string()), path_at(text, error.line(), error.column()));
            if path.is_empty() { fault } else { format!("{path}: {fault}") }
        }
    };
    JsonError { line: error.line(), column: error.column(), message }
}

/// What is wrong with a well-formed value, from the fixed part of the reader's words.
fn data_fault(words: &str) -> String {
    if let Some(rest) = words.strip_prefix("unrecognized field name '") {
        return format!("unknown field `{}`; the contract names every field there is", name_in(rest));
    }
    if let Some(rest) = words.strip_prefix(STATED_TWICE) {
        return format!("field `{}` is stated twice", name_in(rest));
    }
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

/// The field name at the start of `rest`, cut where it is no name.
fn name_in(rest: &str) -> String {
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect()
}

#[cfg(test)]
mod tests {
    use prost_reflect::Kind;

    use super::{Unprintable, from_json, to_json};
    use crate::wire::pb;

    fn fault(text: &str) -> super::JsonError {
        from_json::<pb::Submission>("Submission", text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn an_error_has_its_place_and_no_value() {
        let cases = [
            ("{\n \"child\": {\"name\": \"SECRET\", \"nmae\": \"SECRET\"}}", 2, "unknown field `nmae`"),
            ("{\n\n \"episode\": {\"kind\": \"SECRET\"}}", 3, "not a value of this enum"),
            ("{\"child\": {\n\"name\": [\"SECRET\"]}}", 2, "expected a string"),
            ("{\"items\": \"SECRET, expected x\"}", 1, "expected a list"),
            ("{\"episode\": {\"started\":\n \"SECRET\"}}", 2, "RFC 3339"),
            ("{\"child\": {\"age\": 4294967296}}", 1, "numbers within their range"),
            ("{\"child\": {\"name\": \"SECRET", 1, "ends before"),
            ("{\"child\": SECRET}", 1, "not well-formed"),
            ("{} SECRET", 1, "not well-formed"),
            ("", 1, "ends before"),
            ("{\"items\": [],\n \"child\": {\"name\": \"SECRET\", \"name\": \"\"}}", 2, "`name` is stated twice"),
            ("{\"missing_from\": {},\n \"missingFrom\": {\"name\": \"SECRET\"}}", 2, "`missingFrom` is stated twice"),
        ];
        for (text, line, words) in cases {
            let error = fault(text);
            assert!(error.message.contains(words), "{text}: {error}");
            assert!(!error.to_string().contains("SECRET"), "{error}");
            assert_eq!(error.line, line, "{text}: {error}");
        }
    }

    #[test]
    fn a_byte_order_mark_before_the_text_is_no_part_of_it() {
        let marked = from_json::<pb::Submission>("Submission", "\u{FEFF}{\"child\": {\"age\": 12}}").unwrap();
        assert_eq!(marked.child.unwrap().age, Some(12));
        assert_eq!(fault("{}\u{FEFF}").message, "not well-formed JSON");
    }

    #[test]
    fn deep_nesting_is_an_error() {
        for open in ["[", "{\"items\":["] {
            let fault = fault(&format!("{{\"items\":{}", open.repeat(100_000)));
            assert!(fault.line == 1 && fault.message.starts_with("nested too deeply"), "{fault}");
        }
    }

    #[test]
    fn an_error_names_the_field_by_its_path() {
        for (text, path) in [
            ("{\"child\": {\"name\": [\"SECRET\"]}}", "child.name: "),
            ("{\"child\": {\"name\": {\"a\": 1}}}", "child.name: "),
            ("{\"child\": {\"name\": 12}}", "child.name: "),
            ("{\"child\": {\"name\": true}}", "child.name: "),
            ("{\"child\": {\"age\": 4294967296}}", "child.age: "),
            ("{\"child\": {\"age\": \"SECRET\"}}", "child.age: "),
            ("{\"items\": [{}, {\"kind\": \"SECRET\"}]}", "items[1].kind: "),
            ("{\"items\": [{}, {\"codes\": [\"HARM_CODE_CSE\", \"SECRET\"]}]}", "items[1].codes[1]: "),
            ("{\"items\": [{\"provenance\": {\"how_known\": \"SECRET\"}}]}", "items[0].provenance.how_known: "),
            ("{\"items\": [{\"provenance\": {\"how_konwn\": \"SECRET\"}}]}", "items[0].provenance.how_konwn: "),
            ("{\"episode\": {\"started\": \"SECRET\"}}", "episode.started: "),
            ("{\"items\": \"SECRET\"}", "items: "),
            ("{\"items\": {}}", "items: "),
            ("{\"items\": [7]}", "items[0]: "),
            ("{\"child\": []}", "child: "),
            ("{\"persons\": [{\"id\": \"a\"}, {\"id\": \"b\", \"id\": \"c\"}]}", "persons[1].id: "),
        ] {
            let fault = fault(text);
            assert!(fault.message.starts_with(path), "{text}: {fault}");
            assert!(!fault.to_string().contains("SECRET"), "{fault}");
        }
    }

    #[test]
    fn an_explanation_always_has_every_name_of_the_contract() {
        let explanation = pb::Explanation {
            class: "P4".to_owned(),
            legs: vec![pb::ExplainedLeg::default()],
            views: Some(pb::Views::default()),
            ..Default::default()
        };
        let json: serde_json::Value = serde_json::from_str(&to_json("Explanation", &explanation).unwrap()).unwrap();
        for name in ["class", "rules", "prompts", "flags", "rule_set", "items", "legs", "views"] {
            assert!(json.get(name).is_some(), "{name}");
        }
        for audience in ["mpu", "mash", "carer", "none"] {
            assert!(json["views"].get(audience).is_some(), "{audience}");
        }
        for name in ["queue", "class", "rules", "contents", "items", "page"] {
            assert!(json["legs"][0].get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_time_without_a_json_form_is_an_error() {
        let late = prost_types::Timestamp { seconds: i64::MAX, nanos: 0 };
        let prompt = pb::Prompt { due_time: Some(late), ..Default::default() };
        assert_eq!(to_json("Prompt", &prompt), Err(Unprintable));
    }

    #[test]
    fn the_contract_has_no_maps_and_a_submission_no_bytes() {
        let pool = super::descriptor("Submission").parent_pool().clone();
        for message in pool.all_messages() {
            assert!(!message.is_map_entry(), "{} is a map", message.full_name());
        }
        let mut open = vec![super::descriptor("Submission")];
        let mut fields = 0;
        while let Some(message) = open.pop() {
            for field in message.fields() {
                fields += 1;
                match field.kind() {
                    Kind::Bytes => panic!("{}: no pictures, video or files, ever", field.full_name()),
                    Kind::Message(inner) => open.push(inner),
                    _ => {}
                }
            }
        }
        assert!(fields > 150, "the whole submission was walked: {fields} fields");
    }
}
