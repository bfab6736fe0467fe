//! A submission in which every field of the contract is set, built from the descriptors: what is added to the contract
//! later is in it without anybody's doing.

use std::collections::BTreeMap;

use homeward::wire::{DESCRIPTOR, pb};
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

/// The tests' own picture of a submission: paths below `submission`, lists with one entry each.
pub struct Every<'a> {
    text: &'a mut dyn FnMut(&str) -> String,
    /// Path and field of every text.
    pub texts: Vec<(String, FieldDescriptor)>,
    ids: BTreeMap<&'static str, String>,
}

/// The lists whose entries have an id, with the list's name.
const WITH_ID: [&str; 6] = ["persons", "places", "vehicles", "phones", "accounts", "objects"];

/// Every field set; each text that has no form of its own is what `text` says for its path. Valid where those are.
pub fn every(text: &mut dyn FnMut(&str) -> String) -> (pb::Submission, Vec<(String, FieldDescriptor)>) {
    let ids = WITH_ID.iter().map(|list| (*list, text(&format!("{list}[0].id")))).collect();
    let mut every = Every { text, texts: Vec::new(), ids };
    let message = every.message("", &submission());
    (message.transcode_to().unwrap(), every.texts)
}

/// The descriptor of a submission.
pub fn submission() -> MessageDescriptor {
    DescriptorPool::decode(DESCRIPTOR).unwrap().get_message_by_name("homeward.v1.Submission").unwrap()
}

/// A text whose value has a form: codes, dates, references to ids.
pub fn formed(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap();
    let place = path.trim_end_matches(".code").trim_end_matches(".name");
    let routes = ["missing_from", "lives_now", "responsible_authority", "area", "lives", "looked_after_by"];
    let reference = ["about", "source", "by", "owner"].contains(&name)
        || ["at", "who", "things"].contains(&name.trim_end_matches("[0]"));
    reference
        || ["code", "date_of_birth", "nhs_number", "on_behalf_of", "field", "works_in_queue", "identity"]
            .contains(&name)
        || (name == "name" && routes.iter().any(|route| place.ends_with(route)))
}

impl Every<'_> {
    fn message(&mut self, path: &str, descriptor: &MessageDescriptor) -> DynamicMessage {
        if descriptor.full_name() == "google.protobuf.Timestamp" {
            // 1 February 2024, in every clock's past.
            let mut moment = DynamicMessage::new(descriptor.clone());
            moment.set_field_by_name("seconds", Value::I64(1_706_788_800));
            return moment;
        }
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            let name = match path {
                "" => field.name().to_owned(),
                path => format!("{path}.{}", field.name()),
            };
            if field.is_list() {
                let value = self.value(&format!("{name}[0]"), &field);
                message.set_field(&field, Value::List(vec![value]));
            } else {
                let value = self.value(&name, &field);
                message.set_field(&field, value);
            }
        }
        message
    }

    fn value(&mut self, path: &str, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Message(inner) => Value::Message(self.message(path, &inner)),
            Kind::String => {
                self.texts.push((path.to_owned(), field.clone()));
                Value::String(self.string(path))
            }
            Kind::Enum(kind) => {
                let short = kind.name();
                let wanted = match (short, path.rsplit('.').next().unwrap()) {
                    ("YesNo", "nil_intelligence" | "allegation") => "YES_NO_NO",
                    ("PersonRole", _) => "PERSON_ROLE_OTHER_ADULT",
                    ("DataSubjectCategory", _) => "DATA_SUBJECT_CATEGORY_SUSPECT",
                    _ => "",
                };
                let value = kind.values().find(|value| value.name() == wanted);
                Value::EnumNumber(value.unwrap_or_else(|| kind.values().nth(1).unwrap()).number())
            }
            Kind::Bool => Value::Bool(path.ends_with(".online")),
            Kind::Uint32 => Value::U32(match path.rsplit('.').next().unwrap() {
                "age" => 15,
                "end" => 4,
                "start" => 0,
                _ => 2,
            }),
            other => panic!("{path}: a kind that the tests do not know: {other:?}"),
        }
    }

    fn string(&mut self, path: &str) -> String {
        let name = path.rsplit('.').next().unwrap();
        let id = |list: &str| self.ids[list].clone();
        match name.trim_end_matches("[0]") {
            _ if !formed(path) && name == "id" => match WITH_ID.iter().find(|list| path.starts_with(**list)) {
                Some(list) => id(list),
                None => (self.text)(path),
            },
            _ if !formed(path) => (self.text)(path),
            "code" | "on_behalf_of" => "E09000023".to_owned(),
            "name" => "Lewisham".to_owned(),
            "date_of_birth" => "2011-03-14".to_owned(),
            "nhs_number" => "943 476 5919".to_owned(),
            "field" => "interview.account.first_account".to_owned(),
            "works_in_queue" => "MPU.NE".to_owned(),
            "identity" => "homeward://house.example/met/NE/mpu_officer/accused".to_owned(),
            "at" => id("places"),
            "things" => id("vehicles"),
            _ => id("persons"),
        }
    }
}

/// How long a field may be, as the comment in the contract says, in characters.
pub fn documented_limit(field: &FieldDescriptor) -> Option<usize> {
    let file = field.parent_file();
    let info = file.file_descriptor_proto().source_code_info.clone()?;
    let location = info.location.into_iter().find(|location| location.path == field.path())?;
    let comment = location.leading_comments?.replace('\n', " ");
    let before = comment.split(" characters").next().filter(|before| before.len() < comment.len())?;
    before.rsplit(' ').next()?.replace(',', "").parse().ok()
}
