//! Permits: proof that a check was made. Their constructors are visible to `grants` alone.

use jiff::Timestamp;

use super::roles::Action;
use crate::domain::{
    identity::{Identity, Organisation, OrganisationScheme, Peer},
    queue::QueueId,
    unit::{Audience, Part, UnitLabel},
};

/// The role has this method, and the peer some grant in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPermit {
    identity: Identity,
    serial: String,
    action: Action,
}

impl CallPermit {
    pub(super) fn granted(peer: &Peer, action: Action) -> Self {
        Self { identity: peer.identity.clone(), serial: peer.serial.clone(), action }
    }

    /// Who.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Serial number of the certificate that they came with.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The method.
    pub fn action(&self) -> Action {
        self.action
    }
}

/// May submit, or preview, for one authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitPermit {
    identity: Identity,
    on_behalf_of: String,
}

impl SubmitPermit {
    pub(super) fn granted(peer: &Peer, on_behalf_of: &str) -> Self {
        Self { identity: peer.identity.clone(), on_behalf_of: on_behalf_of.to_owned() }
    }

    /// Who submits.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// GSS code of the authority.
    pub fn on_behalf_of(&self) -> &str {
        &self.on_behalf_of
    }
}

/// May follow records: which ones, [`ReadPermit::covers`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPermit {
    identity: Identity,
    authorities: Vec<String>,
    until: Timestamp,
}

impl ReadPermit {
    pub(super) fn granted(peer: &Peer, authorities: Vec<String>, until: Timestamp) -> Self {
        Self { identity: peer.identity.clone(), authorities, until }
    }

    /// Who reads.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// When a stream under this permit must end.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Do they follow anything that is sent for this authority?
    pub fn includes(&self, authority: &str) -> bool {
        self.authorities.iter().any(|code| code == authority)
    }

    /// Is this record theirs to follow? Sent by their organisation for an authority still granted, or sent by anyone
    /// for the council they belong to. Any other record does not exist for them.
    pub fn covers(&self, submitted_by: &Organisation, on_behalf_of: &str) -> bool {
        let own = self.identity.organisation();
        let granted = self.includes(on_behalf_of);
        let own_council = own.scheme() == OrganisationScheme::Gss && own.id() == on_behalf_of;
        granted && (own == submitted_by || own_council)
    }
}

/// What one grant lets its holder open on a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opens {
    /// The most; `None` is what the queue opens.
    pub(super) most: Option<Vec<(Part, Audience)>>,
    /// What asks for another level of vetting than the grant records.
    pub(super) barred: Vec<(Part, Audience)>,
}

impl Opens {
    pub(super) fn unit(&self, kind: (Part, Audience)) -> bool {
        self.most.as_ref().is_none_or(|units| units.contains(&kind)) && !self.barred.contains(&kind)
    }
}

/// May use one method on one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuePermit {
    identity: Identity,
    action: Action,
    queue: QueueId,
    opens: Vec<Opens>,
    until: Timestamp,
}

impl QueuePermit {
    pub(super) fn granted(peer: &Peer, action: Action, queue: &QueueId, opens: Vec<Opens>, until: Timestamp) -> Self {
        Self { identity: peer.identity.clone(), action, queue: queue.clone(), opens, until: until.min(peer.not_after) }
    }

    /// Who.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The method.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The queue.
    pub fn queue(&self) -> &QueueId {
        &self.queue
    }

    /// When it ends: no lease given under it needs to last longer.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    pub(super) fn unit_within(&self, kind: (Part, Audience)) -> bool {
        self.opens.iter().any(|opens| opens.unit(kind))
    }
}

/// May open one unit of a delivery on one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPermit {
    queue: QueuePermit,
    unit: UnitLabel,
}

impl OpenPermit {
    pub(super) fn granted(queue: &QueuePermit, unit: UnitLabel) -> Self {
        Self { queue: queue.clone(), unit }
    }

    /// Who opens.
    pub fn identity(&self) -> &Identity {
        self.queue.identity()
    }

    /// On which queue.
    pub fn queue(&self) -> &QueueId {
        self.queue.queue()
    }

    /// Which unit, and no other.
    pub fn unit(&self) -> UnitLabel {
        self.unit
    }
}

/// May settle a matter on HOLD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldPermit(QueuePermit);

impl HoldPermit {
    pub(super) fn granted(permit: QueuePermit) -> Self {
        Self(permit)
    }

    /// Who settles.
    pub fn identity(&self) -> &Identity {
        self.0.identity()
    }

    /// The permit for the HOLD queue that goes with it.
    pub fn queue_permit(&self) -> &QueuePermit {
        &self.0
    }
}
