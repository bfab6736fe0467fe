//! Protobuf JSON, read and written from the descriptors alone. Of a text that cannot be read every fault is told, with line and
//! column, in words that never hold a value of it.

use std::sync::LazyLock;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Value, error::Category};
use thiserror::Error;

use super::{
    json_faults::{data_fault, read, sift},
    json_once::stated_twice,
    json_path::{path_at, places},
};

/// Why a text is not the JSON form of a message: one fault at least.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct JsonError(pub Vec<JsonFault>);

/// One thing that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {}{message}", if .path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct JsonFault {
    /// Path of the field; empty where it is about the text as a whole.
    pub path: String,
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
    match read_what_can_be(name, text) {
        (Some(message), faults) if faults.is_empty() => Ok(message),
        (_, faults) => Err(JsonError(faults)),
    }
}

/// As [`from_json`], with every fault and with what is right beside them; no message where the text is no JSON at all.
pub(super) fn read_what_can_be<T: Message + Default>(name: &str, text: &str) -> (Option<T>, Vec<JsonFault>) {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let (twice, mut value) =
        match stated_twice(text).and_then(|twice| Ok((twice, serde_json::from_str::<Value>(text)?))) {
            Ok(read) => read,
            Err(error) => return (None, vec![explain(text, &error)]),
        };
    let descriptor = descriptor(name);
    let mut faults = told(text, twice.into_iter().map(|path| (path, STATED_TWICE.to_owned())));
    let message = match read(&descriptor, &value) {
        Ok(message) => Ok(message),
        Err(_) => {
            let sifted = sift(&descriptor, &mut value);
            faults.extend(told(text, sifted.into_iter().map(|fault| (fault.path, fault.what))));
            faults.sort_by_key(|fault| (fault.line, fault.column));
            read(&descriptor, &value)
        }
    };
    match message {
        Ok(message) => {
            let message = message.transcode_to().expect("a message read by its own descriptor has its own encoding");
            (Some(message), faults)
        }
        Err(error) => {
            faults.extend(told(text, [(String::new(), data_fault(&error.to_string()))]));
            (None, faults)
        }
    }
}

/// Looks whether `text` is JSON in which every object states each of its fields once.
pub fn each_field_once(text: &str) -> Result<(), JsonError> {
    let twice = stated_twice(text).map_err(|error| JsonError(vec![explain(text, &error)]))?;
    let faults = told(text, twice.into_iter().map(|path| (path, STATED_TWICE.to_owned())));
    if faults.is_empty() { Ok(()) } else { Err(JsonError(faults)) }
}

const STATED_TWICE: &str = "this field is stated twice";

/// Faults by their paths, each at its place in `text`.
fn told(text: &str, faults: impl IntoIterator<Item = (String, String)>) -> Vec<JsonFault> {
    let mut faults = faults.into_iter().peekable();
    if faults.peek().is_none() {
        return Vec::new();
    }
    let places = places(text);
    let told = faults.map(|(path, message)| {
        let (line, column) = places.get(&path).copied().unwrap_or((1, 1));
        JsonFault { path, line, column, message }
    });
    told.collect()
}

/// The JSON form of `homeward.v1.<name>` on one line, with the proto's field names. Lists, numbers and texts are always
/// there, so that a program can rely on every name; absent messages and times are not.
pub fn to_json<T: Message>(name: &str, message: &T) -> Result<String, Unprintable> {
    write(name, message, false)
}

/// As [`to_json`], without what is empty: the form in which a person writes a submission.
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
fn explain(text: &str, error: &serde_json::Error) -> JsonFault {
    let words = error.to_string();
    let message = match error.classify() {
        Category::Eof => "the text ends before the JSON does",
        _ if words.starts_with("recursion limit exceeded") => {
            "nested too deeply: a submission has few levels; look for a bracket too many"
        }
        _ if words.starts_with("number out of range") => "no number can be that large",
        _ if words.contains("surrogate") || words.contains("hex escape") => {
            "half a character: \\uD800 to \\uDFFF stand in pairs only"
        }
        _ if words.starts_with("control character") => {
            "a control character in a text has to be written as \\n, \\t or \\u00.."
        }
        _ => {
            return JsonFault {
                path: String::new(),
                line: error.line(),
                column: error.column(),
                message: "not well-formed JSON".to_owned(),
            };
        }
    };
    let path =
        if error.classify() == Category::Syntax { path_at(text, error.line(), error.column()) } else { String::new() };
    JsonFault { path, line: error.line(), column: error.column(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use prost_reflect::Kind;

    use super::{Unprintable, from_json, to_json};
    use crate::wire::pb;

    fn faults(text: &str) -> Vec<super::JsonFault> {
        from_json::<pb::Submission>("Submission", text).map(|_| ()).unwrap_err().0
    }

    /// The only one.
    fn fault(text: &str) -> super::JsonFault {
        let [fault] = faults(text).try_into().unwrap();
        fault
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
            ("{\"items\": [],\n \"child\": {\"name\": \"SECRET\", \"name\": \"\"}}", 2, "stated twice"),
            (
                "{\"missing_from\": {},\n \"missingFrom\": {\"name\": \"SECRET\"}}",
                2,
                "missingFrom: this field is stated twice",
            ),
        ];
        for (text, line, words) in cases {
            let error = fault(text);
            assert!(error.to_string().contains(words), "{text}: {error}");
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
            ("{\"child\": {\"name\": \"\\ud800SECRET\"}}", "child.name: "),
            ("{\"items\": [{\"reported_age\": 1e400}]}", "items[0].reported_age: "),
            ("{\"child\": {\"name\": \"SECRET\u{1}\"}}", "child.name: "),
        ] {
            let fault = fault(text);
            assert_eq!(format!("{}: ", fault.path), path, "{text}: {fault}");
            assert!(!fault.to_string().contains("SECRET"), "{fault}");
        }
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_place() {
        let text = "{\"child\": {\"age\": \"SECRET\", \"nmae\": \"SECRET\"},\n \"items\": [{\"kind\": \"SECRET\"},\n  7,\n  \
                    {\"codes\": [\"SECRET\", \"HARM_CODE_CSE\", 3.5]}],\n \"episode\": {\"started\": \"SECRET\"}, \"items\": []}";
        let told = |text: &str| faults(text).into_iter().map(|fault| (fault.path, fault.line)).collect::<Vec<_>>();
        let expected = [("child.age", 1), ("child.nmae", 1), ("episode.started", 5), ("items", 5)];
        assert_eq!(told(text), expected.map(|(path, line)| (path.to_owned(), line)));
        let once = text.replace(", \"items\": []", "");
        let expected = [
            ("child.age", 1),
            ("child.nmae", 1),
            ("items[0].kind", 2),
            ("items[1]", 3),
            ("items[2].codes[0]", 4),
            ("items[2].codes[2]", 4),
            ("episode.started", 5),
        ];
        assert_eq!(told(&once), expected.map(|(path, line)| (path.to_owned(), line)));
        assert!(!faults(&once).iter().any(|fault| fault.to_string().contains("SECRET")));
    }

    #[test]
    fn a_value_that_is_no_text_of_ours_is_explained() {
        assert_eq!(
            fault("{\"child\": {\"name\": \"\\ud800\"}}").message,
            "half a character: \\uD800 to \\uDFFF stand in pairs only"
        );
        assert!(fault("{\"child\": {\"age\": 1e999}}").message.contains("large"));
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
