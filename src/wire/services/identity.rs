//! IdentityService: who a peer is to this broker.

use jiff::Timestamp;
use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    ask::{LARGEST_PAGE, LARGEST_PULL, LONGEST_LEASE},
};
use crate::{
    domain::{
        expiry,
        grants::{Action, Grant, Grants},
        identity::{OrganisationScheme, Peer},
        queue::QueueId,
        unit::{Audience, Part},
        vetting::Need,
    },
    wire::{
        convert::{limits, wire_time},
        pb, peer,
        received::{MAX_MESSAGE_BYTES, Received},
        server::identity_service_server::IdentityService,
    },
};

#[async_trait]
impl IdentityService for Services {
    async fn who_am_i(
        &self,
        request: Request<Received<pb::WhoAmIRequest>>,
    ) -> Result<Response<pb::WhoAmIResponse>, Status> {
        let peer = self.admit(&request, Action::WhoAmI)?;
        let tainted = peer::session(&request).is_ok_and(|session| session.is_tainted());
        Ok(Response::new(self.who(&peer, tainted)))
    }

    async fn renew_certificate(
        &self,
        request: Request<Received<pb::RenewCertificateRequest>>,
    ) -> Result<Response<pb::RenewCertificateResponse>, Status> {
        let peer = self.admit(&request, Action::RenewCertificate)?;
        let answer = self.renewed(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::RenewCertificate, error))?))
    }
}

impl Services {
    fn who(&self, peer: &Peer, tainted: bool) -> pb::WhoAmIResponse {
        let now = self.broker.now();
        let all = self.broker.grants();
        let role = peer.identity.role().code();
        let grants: Vec<pb::Grant> = all.in_force(peer, now).map(|row| grant(&all, row, role)).collect();
        let identity = &peer.identity;
        pb::WhoAmIResponse {
            identity: identity.as_str().to_owned(),
            trust_domain: identity.trust_domain().to_owned(),
            organisation: identity.organisation().to_string(),
            role: identity.role().code().to_owned(),
            roles: if grants.is_empty() { Vec::new() } else { vec![identity.role().code().to_owned()] },
            grants,
            certificate_expire_time: Some(wire_time(peer.not_after)),
            limits: Some(server_limits()),
            server_time: Some(wire_time(now)),
            rule_set: self.broker.rulebook().policy.rules_at(now).version.clone(),
            policy_fingerprint: hex::encode(self.broker.rulebook().fingerprint),
            certificate_days_left: u32::try_from(expiry::days_left(peer.not_after, now)).unwrap_or(u32::MAX),
            certificate_renewal_due: tainted || expiry::due(peer.not_after, now).is_some(),
            certificate_authority_tainted: tainted,
            alarms: match identity.organisation().scheme() {
                OrganisationScheme::Operator => self.broker.alarms().names(),
                _ => self.broker.alarms_of(peer),
            },
        }
    }
}

fn grant(all: &Grants, row: &Grant, role: &str) -> pb::Grant {
    pb::Grant {
        role: role.to_owned(),
        authorities: row.submit_for.clone(),
        queues: all.served_by(row).map(ToString::to_string).collect(),
        units: row.units.iter().flatten().map(|unit| unit_word(*unit)).collect(),
        vetting_level: row.vetting.clone().unwrap_or_default(),
        vetting_needs: all.needs(row).map(need).collect(),
        start_time: Some(wire_time(row.not_before)),
        expire_time: (row.not_after < Timestamp::MAX).then(|| wire_time(row.not_after)),
    }
}

fn need((queue, need): (&QueueId, Need)) -> pb::VettingNeed {
    let unit = need.unit.map(unit_word).unwrap_or_default();
    pb::VettingNeed { queue: queue.to_string(), unit, any_of: need.any_of, met: need.met }
}

fn unit_word((part, audience): (Part, Audience)) -> String {
    match audience {
        Audience::Nobody => part.code().to_owned(),
        audience => format!("{part}/{audience}"),
    }
}

fn server_limits() -> pb::ServerLimits {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    pb::ServerLimits {
        max_message_bytes: MAX_MESSAGE_BYTES as u64,
        max_items: count(limits::ITEMS),
        max_persons: count(limits::PERSONS),
        max_objects: count(limits::OBJECTS),
        max_pull: LARGEST_PULL,
        max_lease_duration: Some(prost_types::Duration { seconds: LONGEST_LEASE.as_secs(), nanos: 0 }),
        max_page_size: count(LARGEST_PAGE),
    }
}
