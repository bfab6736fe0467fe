//! Forms that only the page itself can send: each carries a request id and a seal over who, what and that id. Sent twice, it is
//! done once; made by another site or for somebody else, it is refused.

use axum::http::{HeaderMap, header};
use maud::{Markup, html};
use ring::hmac;
use serde::Deserialize;
use uuid::Uuid;

use super::{calls::Visit, trouble::Trouble};
use crate::platform::entropy::{EntropyError, random, uuid_v4};

/// What every form carries unseen.
#[derive(Deserialize)]
pub(super) struct Sealed {
    request_id: String,
    seal: String,
}

impl Sealed {
    /// As a form brought them.
    pub(super) fn of(request_id: &str, seal: &str) -> Self {
        Self { request_id: request_id.to_owned(), seal: seal.to_owned() }
    }

    /// The id, where it is one.
    pub(super) fn known_id(&self) -> Option<String> {
        Uuid::try_parse(&self.request_id).ok().map(|id| id.hyphenated().to_string())
    }
}

/// The key of the seals: of one start of the daemon.
pub(super) struct Key(hmac::Key);

impl Key {
    pub(super) fn new(entropy: &dyn crate::platform::Entropy) -> Result<Self, EntropyError> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &random::<32>(entropy)?)))
    }
}

/// What is sealed: who may send it, where to, which.
fn words(visit: &Visit, act: &str, request_id: &str) -> Vec<u8> {
    [visit.identity(), &visit.session.peer().serial, act, request_id].join("\n").into_bytes()
}

impl Visit {
    /// A form that is sent to `act`, an address of the desk's own; its fields are `inside`.
    pub(super) fn form(&self, act: &str, inside: &Markup) -> Result<Markup, Trouble> {
        Ok(self.form_under(act, &self.fresh()?, inside))
    }

    /// A request id that nobody has used.
    pub(super) fn fresh(&self) -> Result<String, Trouble> {
        Ok(uuid_v4(&*self.desk.entropy).map_err(|_| Trouble::ours())?.hyphenated().to_string())
    }

    /// The same under an id of its own choice: of a form that goes over several pages.
    pub(super) fn form_under(&self, act: &str, request_id: &str, inside: &Markup) -> Markup {
        let seal = hex::encode(hmac::sign(&self.desk.key.0, &words(self, act, request_id)));
        html! {
            form method="post" action=(act) {
                input type="hidden" name="request_id" value=(request_id);
                input type="hidden" name="seal" value=(seal);
                (inside)
            }
        }
    }

    /// The request id of a form that came from a page of theirs, for `act`.
    ///
    /// # Errors
    /// A page that says to load it again.
    pub(super) fn sent(&self, headers: &HeaderMap, act: &str, sealed: &Sealed) -> Result<String, Trouble> {
        let known = Uuid::try_parse(&sealed.request_id).is_ok();
        let seal = hex::decode(&sealed.seal).unwrap_or_default();
        let fits = hmac::verify(&self.desk.key.0, &words(self, act, &sealed.request_id), &seal).is_ok();
        if known && fits && self.is_ours(headers) { Ok(sealed.request_id.clone()) } else { Err(Trouble::stale()) }
    }

    /// What went wrong with a form, with what was written in it: a restart, an expired lease or a refusal takes nobody's words away. Another
    /// site is shown nothing again.
    pub(super) fn keeps(&self, headers: &HeaderMap, written: Vec<String>) -> impl FnOnce(Trouble) -> Trouble + use<> {
        let ours = self.is_ours(headers);
        move |trouble| if ours { trouble.keeping(written) } else { trouble }
    }

    /// Whether the browser says that the form is of this site; those that say nothing have the seal.
    pub(super) fn is_ours(&self, headers: &HeaderMap) -> bool {
        let word = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let here = |origin: &str| origin.strip_prefix("https://") == Some(self.host.as_str());
        word("sec-fetch-site").is_none_or(|site| site == "same-origin")
            && word(header::ORIGIN.as_str()).is_none_or(here)
    }
}
