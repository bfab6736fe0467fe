//! What is in force and how it goes: policy versions, the ledger's checkpoint, alarms.

use axum::response::Html;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    super::{
        calls::{Visit, call},
        frame,
        sent::Query,
        trouble::Trouble,
        words,
    },
    short,
};
use crate::{
    domain::identity::OrganisationScheme,
    wire::{pb, server::admin_service_server::AdminService},
};

/// Whether the policy in force is to be checked now.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::desk) struct Wished {
    check: bool,
}

/// `GET /policies`: what is in force, since when, by whom; and whether it is sound, if that is asked.
pub(in crate::desk) async fn policies(visit: Visit, Query(wished): Query<Wished>) -> Result<Html<String>, Trouble> {
    let asked = pb::GetPolicyRequest { fingerprint: String::new(), file_names: Vec::new() };
    let found = call!(visit, get_policy, asked)?;
    let policy = found.policy.unwrap_or_default();
    let checked = if wished.check { Some(visit.checked(&policy).await?) } else { None };
    let body = html! {
        h1 { "Policy" }
        p { "In force: " code { (policy.fingerprint) } }
        @match &checked { Some(checked) => (findings(checked)), None => { p { a href="/policies?check=true" { "Check it now" } } } }
        table {
            caption { "Its files" }
            thead { tr { th scope="col" { "File" } th scope="col" { "Version" } th scope="col" { "Bytes" } } }
            tbody { @for file in &policy.files { tr { th scope="row" { (file.name) } td { (file.version) } td { (file.size_bytes) } } } }
        }
        table {
            caption { "Activations, as they were" }
            thead { tr { th scope="col" { "When" } th scope="col" { "Policy" } th scope="col" { "Proposed by" } th scope="col" { "Approved by" } } }
            tbody { @for one in &found.activations {
                tr { th scope="row" { (words::moment(one.activate_time.as_ref()).unwrap_or_default()) } td { (one.fingerprint.get(..16).unwrap_or_default()) } td { (short(&one.proposer)) } td { (short(&one.approver)) } }
            } }
        }
    };
    Ok(frame::page("Policy", Some(&visit), &body))
}

impl Visit {
    async fn checked(&self, policy: &pb::Policy) -> Result<pb::CheckPolicyResponse, Trouble> {
        let (fingerprint, file_names) =
            (policy.fingerprint.clone(), policy.files.iter().map(|file| file.name.clone()).collect());
        let whole =
            call!(self, get_policy, pb::GetPolicyRequest { fingerprint, file_names })?.policy.unwrap_or_default();
        let files = whole.files.into_iter().map(|file| pb::PolicyFile { name: file.name, text: file.text }).collect();
        Ok(call!(self, check_policy, pb::CheckPolicyRequest { files })?)
    }
}

fn findings(checked: &pb::CheckPolicyResponse) -> Markup {
    html! {
        p.notice role="status" { @if checked.sound { "Checked: it is sound." } @else { strong.late { "Checked: it is not sound." } } }
        @if !checked.faults.is_empty() || !checked.warnings.is_empty() {
            ul { @for one in checked.faults.iter().chain(&checked.warnings) { li { (one.file) " " (one.at) ": " (one.what) " " (one.to_do) } } }
        }
        @if !checked.proven.is_empty() { details { summary { "What was proven: " (checked.proven.len()) } ul { @for one in &checked.proven { li { (one.words) ": " (one.count) } } } } }
    }
}

/// `GET /health`: for whoever runs the broker.
pub(in crate::desk) async fn health(visit: Visit) -> Result<Html<String>, Trouble> {
    if visit.session.peer().identity.organisation().scheme() != OrganisationScheme::Operator {
        return Err(Trouble::not_yours());
    }
    let (who, signed) = (visit.who_am_i().await?, visit.checkpoint().await?);
    let writable = visit.desk.broker.healthy().await;
    let size = signed.checkpoint.lines().nth(1).unwrap_or_default();
    let body = html! {
        h1 { "Health" }
        @if writable { p.notice { "Serving: store, keys and ledger can be written." } } @else { p.alarm { strong { "Not serving: " } "store, keys or ledger cannot be written. The runbook says what to do." } }
        h2 { "Alarms" }
        @if who.alarms.is_empty() { p { "None." } } @else { ul { @for alarm in &who.alarms { li.late { (alarm) } } } }
        dl {
            dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) }
            dt { "Rules" } dd { (who.rule_set) }
            dt { "Policy" } dd { (who.policy_fingerprint) }
            dt { "Ledger entries" } dd { (size) }
        }
        h2 { "The ledger's checkpoint" }
        p { "Keep it elsewhere: a ledger that is cut short or rewritten cannot continue it." }
        pre tabindex="0" { (signed.checkpoint) }
        p { a download="" href="/ledger-key" { "Download the ledger's public key" } }
    };
    Ok(frame::page("Health", Some(&visit), &body))
}
