//! Corrections and recalls as messages and back.

use super::{Legs, moment, pb, time, uuid};
use crate::{
    domain::retraction::{Retraction, RetractionKind},
    store::Reference,
};

impl Legs {
    /// Keeps the record from these too, whom a correction accuses.
    pub fn keep_from(&mut self, references: &[Reference]) {
        for reference in references {
            if !self.excluded.contains(reference) {
                self.excluded.push(*reference);
            }
        }
    }
}

/// To its message.
pub(super) fn put(retraction: &Retraction) -> pb::Retraction {
    pb::Retraction {
        kind: retraction.kind.code().to_owned(),
        at: Some(time(retraction.at)),
        id: retraction.id.as_bytes().to_vec(),
        successor: retraction.successor.map(|id| id.as_bytes().to_vec()),
    }
}

/// From its message.
pub(super) fn take(from: pb::Retraction) -> Option<Retraction> {
    Some(Retraction {
        kind: RetractionKind::from_code(&from.kind)?,
        at: moment(from.at)?,
        id: uuid(&from.id)?,
        successor: match from.successor {
            None => None,
            Some(bytes) => Some(uuid(&bytes)?),
        },
    })
}
