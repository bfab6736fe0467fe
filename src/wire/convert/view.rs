//! A rendered unit, for the wire.

use crate::{
    domain::unit::{Field, UnitLabel, View},
    wire::pb,
};

/// One field.
pub fn field(field: &Field) -> pb::Field {
    pb::Field { name: field.name.clone(), value: field.value.reveal().to_owned(), withheld: field.withheld }
}

/// A unit with its label, as its audience reads it.
pub fn view_of(label: UnitLabel, view: &View) -> pb::ViewOf {
    pb::ViewOf {
        part: label.part.code().to_owned(),
        item: label.item.map_or(0, u32::from),
        audience: label.audience.code().to_owned(),
        fields: view.fields.iter().map(field).collect(),
    }
}
