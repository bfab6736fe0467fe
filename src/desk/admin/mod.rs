//! What administrators see of what they run: certificates, what waits for a second person, keys, policies, health. No content, ever.

pub(super) mod approvals;
pub(super) mod certificates;
pub(super) mod keys;
pub(super) mod revoking;
pub(super) mod running;

use maud::{Markup, html};

/// What was just done; a word of ours, whatever the address says.
fn done(code: &str) -> Markup {
    let said = match code {
        "proposed" => "Proposed. Somebody else approves it, with its fingerprint.",
        "approved" => "Approved, and done.",
        "revoked" => "Revoked. Its connections and pages end now.",
        "rotate" => "There is a new key. Everything is wrapped anew under it, bit by bit.",
        "pause" => "Paused.",
        "resume" => "It goes on.",
        _ => return html! {},
    };
    html! { p.notice role="status" { (said) } }
}

/// An identity without what all of them begin with.
fn short(identity: &str) -> &str {
    identity.split_once("//").and_then(|(_, rest)| rest.split_once('/')).map_or(identity, |(_, who)| who)
}

/// Whether it is the identity of a person or a system, and not a server's name.
fn is_client(holder: &str) -> bool {
    short(holder) != holder
}
