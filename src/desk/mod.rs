//! Floor 6: pages for officers, councils and administrators, over the same door, identities, grants and calls as programs. Written by the server, usable
//! without script; the browser keeps nothing.

mod acts;
mod admin;
mod calls;
mod council;
mod delivery;
mod filter;
mod forms;
mod frame;
mod grading;
mod hold;
mod live;
mod offers;
mod places;
mod queues;
mod refer;
mod refused;
mod rows;
mod sent;
mod supervision;
mod trouble;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts},
    http::{header::CONTENT_TYPE, request::Parts},
    middleware,
    routing::{get, post},
};
use tonic::service::Routes;

use self::{calls::Visit, forms::Key, trouble::Trouble};
use crate::{
    broker::Broker,
    platform::{Entropy, entropy::EntropyError},
    wire::{PAGES_STREAM, serve::Setup, services::Services, session::Session},
};

/// A form with its longest texts, as a browser writes them.
const LARGEST_FORM: usize = 128 << 10;

/// The desk of one daemon.
#[derive(Clone)]
pub struct Desk {
    broker: Arc<Broker>,
    services: Services,
    entropy: Arc<dyn Entropy>,
    key: Arc<Key>,
}

impl Desk {
    /// The desk of `broker`, for peers of the sessions of `setup`.
    ///
    /// # Errors
    /// When the machine has no entropy.
    pub fn new(broker: Arc<Broker>, setup: &Setup, entropy: Arc<dyn Entropy>) -> Result<Self, EntropyError> {
        let services = Services::new(broker.clone(), setup.sessions.clone());
        let key = Arc::new(Key::new(&*entropy)?);
        Ok(Self { broker, services, entropy, key })
    }

    /// The same door as for programs, with refusals as pages.
    pub fn setup(setup: &Setup) -> Setup {
        Setup { tell: trouble::told, ..setup.clone() }
    }

    /// Every page.
    pub fn routes(self) -> Routes {
        let pages = Router::new()
            .route("/", get(queues::first))
            .route("/style.css", get(async || ([(CONTENT_TYPE, "text/css; charset=utf-8")], frame::STYLE)))
            .route("/desk.js", get(async || ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], frame::SCRIPT)))
            .route(PAGES_STREAM, get(live::counts))
            .route("/queues/{queue}", get(queues::one))
            .route("/queues/{queue}/find", get(queues::found_before).post(queues::find))
            .route("/queues/{queue}/take", post(queues::take))
            .route("/queues/{queue}/deliveries/{id}", get(delivery::show))
            .route("/queues/{queue}/deliveries/{id}/read", post(delivery::read))
            .route("/queues/{queue}/deliveries/{id}/open", post(delivery::open))
            .route("/queues/{queue}/deliveries/{id}/acknowledge", post(offers::acknowledge))
            .route("/queues/{queue}/deliveries/{id}/accept", post(offers::accept))
            .route("/queues/{queue}/deliveries/{id}/refuse", post(offers::refuse))
            .route("/queues/{queue}/deliveries/{id}/take-back", post(offers::take_back))
            .route("/queues/{queue}/deliveries/{id}/{act}", post(acts::done))
            .route("/supervision", get(supervision::all))
            .route("/supervision/{queue}", get(supervision::one))
            .route("/supervision/{queue}/deliveries/{id}/replay", post(supervision::replay))
            .route("/supervision/{queue}/deliveries/{id}/hand-over", post(supervision::hand_over))
            .merge(administration())
            .route("/refer", get(refer::begin).post(refer::go).layer(DefaultBodyLimit::max(refer::LARGEST)))
            .route("/refer/preview", post(refer::so_far).layer(DefaultBodyLimit::max(refer::LARGEST)))
            .route("/referrals", get(council::mine))
            .route("/referrals/{id}", get(council::one))
            .route("/referrals/{id}/receipt", get(council::receipt))
            .route("/referrals/{id}/destruction", get(council::destruction))
            .route("/referrals/{id}/answer", post(council::answer))
            .route("/ledger-key", get(council::ledger_key))
            .fallback(async || Trouble::nowhere())
            .method_not_allowed_fallback(async || Trouble::nowhere())
            .layer(DefaultBodyLimit::max(LARGEST_FORM))
            .layer(middleware::from_fn(frame::guarded))
            .with_state(self);
        Routes::from(pages)
    }
}

/// The pages of administrators.
fn administration() -> Router<Desk> {
    Router::new()
        .route("/certificates", get(admin::certificates::all))
        .route("/certificates/sign", post(admin::certificates::sign))
        .route("/certificates/{serial}", get(admin::revoking::one))
        .route("/certificates/{serial}/revoke", post(admin::revoking::revoke))
        .route("/identities/{*who}", get(admin::revoking::all).post(admin::revoking::revoke_all))
        .route("/approvals", get(admin::approvals::all))
        .route("/approvals/{id}/approve", post(admin::approvals::approve))
        .route("/keys", get(admin::keys::all))
        .route("/keys/{act}", post(admin::keys::act))
        .route("/policies", get(admin::running::policies))
        .route("/health", get(admin::running::health))
}

/// Whoever looks at a page is whose certificate it is.
impl FromRequestParts<Desk> for Visit {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Trouble> {
        let session = parts.extensions.get::<Arc<Session>>().cloned().ok_or_else(Trouble::nowhere)?;
        // HTTP/2 has it in the address.
        let host = parts.uri.authority().map_or_else(String::new, ToString::to_string);
        Ok(Self { desk: desk.clone(), session, host, refused: None })
    }
}
