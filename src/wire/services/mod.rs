//! The services: authenticate, authorise, convert, call the broker, answer. No rule of the field is here.

mod admin;
mod ask;
mod audit;
mod clarifying;
mod dead;
mod deciding;
mod desk;
mod held;
mod holds;
mod identity;
mod keys;
mod policy;
mod prompting;
mod queue;
mod referral;
mod retracting;
mod revoking;
mod subject;
mod submissions;
mod taking;
mod transferring;

use std::sync::Arc;

use tonic::Status;

use self::ask::Ask;
use super::{
    convert, pb, peer,
    received::{MAX_MESSAGE_BYTES, Received},
    server::{
        admin_service_server::AdminServiceServer, audit_service_server::AuditServiceServer,
        identity_service_server::IdentityServiceServer, queue_service_server::QueueServiceServer,
        referral_service_server::ReferralServiceServer,
    },
    session::{Session, Sessions},
    status::Refused,
};
use crate::{
    broker::{Broker, Error},
    domain::{grants::Action, identity::Peer, violation::Violations},
};

/// The session of whoever works at the pages.
pub const AT_THE_DESK: &str = "desk";

/// The services over one broker.
#[derive(Clone)]
pub struct Services {
    broker: Arc<Broker>,
    sessions: Sessions,
    seats: desk::Seats,
}

impl Services {
    /// Services over `broker`, for the peers of these sessions.
    pub fn new(broker: Arc<Broker>, sessions: Sessions) -> Self {
        Self { broker, sessions, seats: desk::Seats::default() }
    }

    /// ReferralService, ready to be added to a server.
    pub fn referral(&self) -> ReferralServiceServer<Self> {
        ReferralServiceServer::new(self.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// QueueService, ready to be added to a server.
    pub fn queue(&self) -> QueueServiceServer<Self> {
        QueueServiceServer::new(self.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// IdentityService, ready to be added to a server.
    pub fn identity(&self) -> IdentityServiceServer<Self> {
        IdentityServiceServer::new(self.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// AdminService, ready to be added to a server.
    pub fn admin(&self) -> AdminServiceServer<Self> {
        AdminServiceServer::new(self.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// AuditService, ready to be added to a server.
    pub fn audit(&self) -> AuditServiceServer<Self> {
        AuditServiceServer::new(self.clone()).max_decoding_message_size(MAX_MESSAGE_BYTES)
    }

    /// What the caller has in hand of a queue at the desk, most urgent first, each with its lease.
    ///
    /// # Errors
    /// As [`pull`](crate::wire::server::queue_service_server::QueueService::pull).
    pub async fn in_hand(&self, session: &Session, queue: &str) -> Result<Vec<pb::LeasedDelivery>, Status> {
        let peer = session.peer();
        let found = async {
            self.broker.grants().may_call(peer, Action::Pull, self.broker.now())?;
            let mut ask = Ask::default();
            let permit = self.serving(peer, Action::Pull, queue, &mut ask);
            ask.done(())?;
            let permit = permit?;
            let found = self.broker.leased(&permit, AT_THE_DESK).await?;
            let leased = found.iter().map(|found| pb::LeasedDelivery {
                delivery: Some(self.header_now(&permit, found)),
                lease: found.lease.as_ref().map(convert::lease),
            });
            Ok(leased.collect())
        };
        found.await.map_err(|error| self.refuse(peer, Action::Pull, error))
    }

    /// To whom something of a queue may be handed over, by their identities.
    ///
    /// # Errors
    /// As [`hand_over`](crate::wire::server::queue_service_server::QueueService::hand_over).
    pub async fn colleagues(&self, session: &Session, queue: &str) -> Result<Vec<String>, Status> {
        let peer = session.peer();
        let found = async {
            self.broker.grants().may_call(peer, Action::HandOver, self.broker.now())?;
            let mut ask = Ask::default();
            let permit = self.serving(peer, Action::HandOver, queue, &mut ask);
            ask.done(())?;
            self.broker.colleagues(&permit?).await
        };
        found.await.map_err(|error| self.refuse(peer, Action::HandOver, error))
    }

    /// What would be decided of a submission that is still being written: as
    /// [`preview_referral`](crate::wire::server::referral_service_server::ReferralService::preview_referral), but that something is not right
    /// yet is no refusal for the ledger.
    ///
    /// # Errors
    /// As that, every fault of the submission at once.
    pub async fn so_far(
        &self,
        session: &Session,
        message: pb::PreviewReferralRequest,
    ) -> Result<pb::Explanation, Status> {
        let (peer, action) = (session.peer(), Action::PreviewReferral);
        let found = async {
            self.broker.grants().may_call(peer, action, self.broker.now())?;
            self.previewed(peer, message).await
        };
        found.await.map_err(|error| match error {
            Error::Invalid(wrong) => Refused::InvalidArgument(wrong).into(),
            error => self.refuse(peer, action, error),
        })
    }

    /// What its sender sees of something that the caller has in hand at the desk, and the ledger index of its acceptance, where it has one of
    /// its own. Not the receipt: that names every destination, and with its digest a guess at who reported could be proven.
    ///
    /// # Errors
    /// As [`pull`](crate::wire::server::queue_service_server::QueueService::pull).
    pub async fn chain(
        &self,
        session: &Session,
        delivery: &str,
    ) -> Result<Option<(Option<u64>, pb::Destination)>, Status> {
        let peer = session.peer();
        let found = async {
            let mut ask = Ask::default();
            let id = ask.delivery(delivery);
            ask.done(())?;
            let permit = self.broker.permit_for(peer, Action::Pull, id).await?;
            self.broker.receipt_chain(&permit, id).await
        };
        let found = found.await.map_err(|error| self.refuse(peer, Action::Pull, error))?;
        Ok(found.map(|(accepted, found)| (accepted, convert::destination(&found))))
    }

    /// Where a matter on HOLD went all the same, for whoever may settle it: queue, class, and whether somebody has opened it there.
    ///
    /// # Errors
    /// As [`resolve_held`](crate::wire::server::queue_service_server::QueueService::resolve_held).
    pub async fn sent_already(&self, session: &Session, delivery: &str) -> Result<Vec<(String, String, bool)>, Status> {
        let peer = session.peer();
        let found = async {
            let mut ask = Ask::default();
            let id = ask.delivery(delivery);
            ask.done(())?;
            let permit = self.broker.permit_for(peer, Action::ResolveHeld, id).await?;
            self.broker.sent_already(&permit, id).await
        };
        let found = found.await.map_err(|error| self.refuse(peer, Action::ResolveHeld, error))?;
        let legs =
            found.iter().map(|leg| (leg.header.queue.to_string(), leg.class().code().to_owned(), leg.opened.is_some()));
        Ok(legs.collect())
    }

    /// The peer of a call that has passed the first check: its role has this method, and some grant is in force. Only
    /// then is it said that the bytes are no message.
    fn admit<T>(&self, request: &tonic::Request<Received<T>>, action: Action) -> Result<Peer, Status> {
        let peer = self.admit_caller(request, action)?;
        if !request.get_ref().sound {
            self.broker.refused(&peer, action.code(), &Error::Invalid(Violations::default()));
            return Err(Refused::Malformed.into());
        }
        Ok(peer)
    }

    /// The same first check for what has no message yet, a stream of the caller's.
    fn admit_caller<T>(&self, request: &tonic::Request<T>, action: Action) -> Result<Peer, Status> {
        let peer = peer::of(request)?;
        let admitted = self.broker.grants().may_call(&peer, action, self.broker.now());
        admitted.map_err(|refusal| self.refuse(&peer, action, refusal.into()))?;
        self.broker.came(&peer);
        Ok(peer)
    }

    /// A refusal of an authenticated peer: noted for the ledger, then told.
    fn refuse(&self, peer: &Peer, action: Action, error: Error) -> Status {
        self.broker.refused(peer, action.code(), &error);
        Refused::from(error).into()
    }
}
