//! The calendar of certificates: by organisation, what runs out first at the top, and which authority signed it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{FolderArgs, entry, failed};
use crate::{
    app::{failure::Failure, print},
    domain::identity::{Identity, TrustDomain},
    pki::{self, Entry, Revoked, Tools},
};

/// What a certificate is now.
enum State<'a> {
    Valid,
    /// Accepted; its authority, or it, is tainted.
    Tainted,
    Expired,
    /// It was, or the authority that signed it.
    Revoked(&'a Revoked),
}

pub(super) fn list(folder: &FolderArgs, tools: Tools<'_>) -> Result<(), Failure> {
    let domain = pki::trust_domain(&folder.dir).map_err(failed)?;
    let revoked = pki::revoked(&folder.dir).map_err(failed)?;
    let revoked: BTreeMap<&str, &Revoked> = revoked.iter().map(|one| (one.serial.as_str(), one)).collect();
    let tainted = pki::tainted(&folder.dir).map_err(failed)?;
    let tainted: BTreeSet<&str> = tainted.iter().map(|one| one.serial.as_str()).collect();
    let now = tools.clock.now();
    let mut pages: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for certificate in pki::list(&folder.dir).map_err(failed)? {
        pages.entry(organisation(&certificate, &domain)).or_default().push(certificate);
    }
    for (organisation, mut certificates) in pages {
        certificates.sort_by_key(|one| one.not_after);
        if !folder.json {
            print::line(&organisation);
        }
        for certificate in certificates {
            let either = [certificate.serial.as_str(), certificate.issuer.as_str()];
            let state = match either.iter().find_map(|serial| revoked.get(serial)) {
                Some(revoked) => State::Revoked(revoked),
                None if certificate.not_after < now => State::Expired,
                None if either.iter().any(|serial| tainted.contains(serial)) => State::Tainted,
                None => State::Valid,
            };
            print::line(&if folder.json {
                told(&certificate, &organisation, &state).to_string()
            } else {
                row(&certificate, &state, now)
            });
        }
    }
    Ok(())
}

/// The organisation of a client, the rest under one name.
fn organisation(certificate: &Entry, domain: &TrustDomain) -> String {
    let identity = Identity::parse(&certificate.holder, domain);
    identity.map_or_else(|_| "this broker".to_owned(), |identity| identity.organisation().to_string())
}

fn row(certificate: &Entry, state: &State<'_>, now: Timestamp) -> String {
    let days = certificate.not_after.duration_since(now).as_hours() / 24;
    let state = match state {
        State::Valid => format!("{days} days left"),
        State::Tainted => format!("{days} days left, tainted"),
        State::Expired => "expired".to_owned(),
        State::Revoked(one) => format!("revoked, {}", one.reason),
    };
    let Entry { serial, holder, not_after, .. } = certificate;
    format!("  {not_after}  {state:<24}  {}  {serial}  {holder}", signer(&certificate.issuer))
}

/// Which authority signed it: the beginning of its serial number, enough to tell one from the next.
pub(super) fn signer(issuer: &str) -> String {
    if issuer.is_empty() { format!("{:<11}", "-") } else { format!("by {:.8}", issuer) }
}

fn told(certificate: &Entry, organisation: &str, state: &State<'_>) -> Value {
    let mut value = entry(certificate);
    value["organisation"] = Value::from(organisation);
    value["tainted"] = Value::from(matches!(state, State::Tainted));
    value["state"] = Value::from(match state {
        State::Valid | State::Tainted => "valid",
        State::Expired => "expired",
        State::Revoked(_) => "revoked",
    });
    if let State::Revoked(one) = state {
        value["revocation"] = json!({ "reason": one.reason.code(), "time": one.at.to_string() });
    }
    value
}
