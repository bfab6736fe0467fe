//! The form for practitioners without a case system: what they would have sent by it, in the phases of PEACE. Nothing is kept until it is
//! sent; the same form sent twice is one referral.

mod draft;
mod field;
mod lists;
mod page;
mod shown;
mod so_far;
mod steps;

use axum::{
    http::HeaderMap,
    response::{Html, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use tonic::{Code, Status};

pub(super) use self::so_far::so_far;
use self::{
    draft::{Draft, Fault, lists},
    page::Shown,
    steps::{CALL_999, CHECK, STEPS, Step},
};
use super::{
    calls::{Visit, call},
    forms::Sealed,
    sent::Form,
    trouble::Trouble,
    words,
};
use crate::{
    domain::grants::Action,
    wire::{pb, server::referral_service_server::ReferralService},
};

/// Where every step is sent.
const ACT: &str = "/refer";
/// What is said of a form that another process gave out: of this daemon before it was restarted, or of another replica.
const OLD: &str = "This page was out of date. What you typed is still here: go on from this step. If you had sent it already, it stands under your referrals, and is not sent twice.";
/// What the button says that sends it.
const SEND: &str = "Send it";
/// The longest submission, as a browser writes it.
pub(super) const LARGEST: usize = 4 << 20;

/// `GET /refer`: the first step, which is the 999 screen.
pub(super) async fn begin(visit: Visit) -> Result<Html<String>, Trouble> {
    if !visit.may(Action::SubmitReferral) {
        return Err(Trouble::not_yours());
    }
    let request_id = visit.fresh()?;
    visit.show(&STEPS[0], &Draft::default(), &request_id, &[])
}

/// `POST /refer`: on to wherever the button says, with all that was typed.
pub(super) async fn go(
    visit: Visit,
    headers: HeaderMap,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Trouble> {
    if !visit.may(Action::SubmitReferral) {
        return Err(Trouble::not_yours());
    }
    let mut draft = Draft::read(sent);
    let given = Sealed::of(draft.first("request_id"), draft.first("seal"));
    let (at, go) = (draft.first("at").to_owned(), draft.first("go").to_owned());
    let (request_id, go) = match visit.sent(&headers, ACT, &given) {
        Ok(request_id) => (request_id, go),
        Err(_) if visit.is_ours(&headers) => {
            return visit.again(draft, &given, &at).await.map(IntoResponse::into_response);
        }
        Err(trouble) => return Err(trouble),
    };
    let steps = draft.steps();
    let here = steps.iter().position(|step| step.code == at).unwrap_or(0);
    let step = steps[here];
    let (what, whom) = go.split_once(':').unwrap_or((&go, ""));
    match what {
        "send" => return visit.send(draft, &request_id).await,
        "add" | "drop" => {
            let (list, entry) = whom.split_once(':').unwrap_or((whom, ""));
            if let Some(list) = lists().find(|known| known.path == list) {
                match entry.parse() {
                    Ok(entry) => draft.remove(list, entry),
                    Err(_) => draft.add(list),
                }
            }
            let added = if what == "add" { list } else { "" };
            let shown = Shown { draft: &draft, request_id: &request_id, faults: &[], notice: "", added };
            return visit.step(step, &shown).map(IntoResponse::into_response);
        }
        "back" => {
            return visit
                .show(steps[here.saturating_sub(1)], &draft, &request_id, &[])
                .map(IntoResponse::into_response);
        }
        "to" => {
            let to = steps.iter().find(|step| step.code == whom).copied().unwrap_or(step);
            return visit.show(to, &draft, &request_id, &[]).map(IntoResponse::into_response);
        }
        _ => {}
    }
    let faults = faults_of(&mut draft, step);
    let next = steps.get(here + 1);
    let shown = match next {
        _ if !faults.is_empty() => visit.show(step, &draft, &request_id, &faults),
        Some(next) => visit.show(next, &draft, &request_id, &[]),
        None => visit.check(draft, &request_id, "").await,
    };
    shown.map(IntoResponse::into_response)
}

/// What is not right on a step; in danger also, once, that nobody said whether 999 was rung.
fn faults_of(draft: &mut Draft, step: &Step) -> Vec<Fault> {
    let mut faults = draft.faults(Some(step));
    if step.code == STEPS[0].code && draft.leaves_999_open() {
        draft.ask_about_999();
        let advice =
            "you say that somebody is in danger now: ring 999, then say so here; if you cannot say, go on as it is";
        faults.push((CALL_999.to_owned(), advice.to_owned()));
    }
    faults
}

impl Visit {
    fn show(&self, step: &Step, draft: &Draft, request_id: &str, faults: &[Fault]) -> Result<Html<String>, Trouble> {
        self.step(step, &Shown { draft, request_id, faults, notice: "", added: "" })
    }

    /// The same step with a new seal: this daemon did not give out the form, or to another certificate of theirs.
    async fn again(&self, draft: Draft, given: &Sealed, at: &str) -> Result<Html<String>, Trouble> {
        let request_id = match given.known_id() {
            Some(known) => known,
            None => self.fresh()?,
        };
        if at == CHECK {
            return self.check(draft, &request_id, OLD).await;
        }
        let step = STEPS.iter().find(|step| step.code == at).unwrap_or(&STEPS[0]);
        self.step(step, &Shown { draft: &draft, request_id: &request_id, faults: &[], notice: OLD, added: "" })
    }

    /// What would be decided, and the button that sends it; or the first step with something that is not right.
    async fn check(&self, mut draft: Draft, request_id: &str, notice: &str) -> Result<Html<String>, Trouble> {
        draft.tidy();
        let submission = match draft.submission(&self.session.peer().identity) {
            Ok(submission) => submission,
            Err(faults) => return self.back_to(&draft, request_id, &faults),
        };
        let asked = pb::PreviewReferralRequest { submission: Some(submission) };
        match call!(self, preview_referral, asked) {
            Ok(previewed) => self.shown(&draft, request_id, &previewed.explanation.unwrap_or_default(), (notice, SEND)),
            Err(status) => self.not_so(&draft, request_id, status),
        }
    }

    /// It is sent, once, and its page says where it is.
    async fn send(&self, mut draft: Draft, request_id: &str) -> Result<Response, Trouble> {
        draft.tidy();
        let submission = match draft.submission(&self.session.peer().identity) {
            Ok(submission) => submission,
            Err(faults) => return self.back_to(&draft, request_id, &faults).map(IntoResponse::into_response),
        };
        let asked = pb::SubmitReferralRequest { request_id: request_id.to_owned(), submission: Some(submission) };
        match call!(self, submit_referral, asked) {
            Ok(sent) => {
                let id = sent.receipt.unwrap_or_default().referral_id;
                Ok(Redirect::to(&format!("/referrals/{id}?done=sent")).into_response())
            }
            Err(status) => self.not_so(&draft, request_id, status).map(IntoResponse::into_response),
        }
    }

    /// It was refused: nothing typed is lost, and what is not right is told at its field.
    fn not_so(&self, draft: &Draft, request_id: &str, status: Status) -> Result<Html<String>, Trouble> {
        let code = status.code();
        let trouble = Trouble::from(status);
        match code {
            Code::InvalidArgument => self.back_to(draft, request_id, trouble.fields()),
            Code::AlreadyExists => {
                let notice = "This form was sent already, and has been changed since. It stands under your referrals as it was sent first; nothing was sent a second time. If it is about another child or another episode, send it as another referral; to change what you sent, correct it.";
                let another = self.fresh()?;
                self.shown(draft, &another, &pb::Explanation::default(), (notice, "Send as another referral"))
            }
            _ => {
                let notice = format!("Not sent. {}", trouble.advice());
                self.shown(draft, request_id, &pb::Explanation::default(), (&notice, SEND))
            }
        }
    }

    fn back_to(&self, draft: &Draft, request_id: &str, faults: &[Fault]) -> Result<Html<String>, Trouble> {
        let places = draft.places();
        let first = faults.iter().filter_map(|(name, _)| places.of(name)).map(|(step, ..)| step.code);
        let order = |code: &str| STEPS.iter().position(|step| step.code == code);
        let first = first.filter_map(order).min().unwrap_or(0);
        self.show(&STEPS[first], draft, request_id, faults)
    }

    /// The authorities that they may submit for, by their names.
    fn authorities(&self) -> Vec<(String, String)> {
        let broker = &self.desk.broker;
        let grants = broker.grants();
        let mut codes: Vec<String> =
            grants.in_force(self.session.peer(), broker.now()).flat_map(|grant| grant.submit_for.clone()).collect();
        codes.sort_unstable();
        codes.dedup();
        let rulebook = broker.rulebook();
        let name = |code: &String| {
            let known = rulebook.policy.directory.authorities.iter().find(|known| known.gss == *code);
            known.map_or_else(|| code.clone(), |known| known.name.clone())
        };
        codes.iter().map(|code| (code.clone(), name(code))).collect()
    }

    /// Names of councils and forces, to be offered while somebody types.
    fn areas(&self) -> Markup {
        let rulebook = self.desk.broker.rulebook();
        let directory = &rulebook.policy.directory;
        let names =
            directory.authorities.iter().map(|one| &one.name).chain(directory.forces.iter().map(|one| &one.name));
        html! { datalist #areas { @for name in names { option value=(name) {} } option value="not known" {} } }
    }
}
