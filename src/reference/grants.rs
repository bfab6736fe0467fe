//! Grants as policy data: TOML in, domain values out. Every mistake is named; unknown keys are refused.

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::{
    grants::{Grant, Grants, Holder, is_authority_code, unit_kind},
    identity::{Identity, Organisation, Role, TrustDomain},
    queue::QueueId,
    unit::{Audience, Part},
};

/// Why a file of grants was not taken. Nothing of it is in force then.
#[derive(Debug, thiserror::Error)]
pub enum GrantsError {
    /// Not TOML, or a key that does not exist.
    #[error("grants: {0}")]
    Toml(#[from] toml::de::Error),
    /// Values that make no sense, all of them.
    #[error("grants: {}", .0.join("; "))]
    Values(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    grant: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    identity: Option<String>,
    organisation: Option<String>,
    role: Option<String>,
    #[serde(default)]
    submit_for: Vec<String>,
    #[serde(default)]
    queues: Vec<String>,
    units: Option<Vec<String>>,
    #[serde(default)]
    resolve_hold: bool,
    vetting: Option<String>,
    not_before: String,
    not_after: String,
}

/// Reads grants for the identities of one trust domain.
pub fn parse(text: &str, trust_domain: &TrustDomain) -> Result<Grants, GrantsError> {
    let file: File = toml::from_str(text)?;
    let mut wrong = Vec::new();
    let mut rows = Vec::new();
    for (index, row) in file.grant.into_iter().enumerate() {
        let mut reader = Reader { place: format!("grant {}", index + 1), trust_domain, wrong: &mut wrong };
        rows.extend(reader.row(row));
    }
    if wrong.is_empty() { Ok(Grants::new(rows)) } else { Err(GrantsError::Values(wrong)) }
}

struct Reader<'a> {
    place: String,
    trust_domain: &'a TrustDomain,
    wrong: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// Reads every field before giving up, so that all mistakes of a row are named at once.
    fn row(&mut self, row: Row) -> Option<Grant> {
        let holder = self.holder(row.identity, row.organisation, row.role);
        let submit_for = self.all("submit_for", &row.submit_for, "E and 8 digits", |code| {
            is_authority_code(code).then(|| code.to_owned())
        });
        let queues = self.all("queues", &row.queues, "KIND.suffix, by its exact name", QueueId::parse);
        let units = row.units.map(|units| self.units(&units));
        let not_before = self.moment("not_before", &row.not_before);
        let not_after = self.moment("not_after", &row.not_after);
        let (holder, not_before, not_after) = (holder?, not_before?, not_after?);
        if not_before >= not_after {
            self.say::<()>("not_after", "must be later than not_before");
        }
        Some(Grant {
            holder,
            submit_for,
            queues,
            units,
            resolve_hold: row.resolve_hold,
            vetting: row.vetting,
            not_before,
            not_after,
        })
    }

    fn holder(
        &mut self,
        identity: Option<String>,
        organisation: Option<String>,
        role: Option<String>,
    ) -> Option<Holder> {
        match (identity, organisation, role) {
            (Some(uri), None, None) => match Identity::parse(&uri, self.trust_domain) {
                Ok(identity) => Some(Holder::Exactly(identity)),
                Err(why) => self.say("identity", &why.to_string()),
            },
            (None, Some(organisation), Some(role)) => {
                let organisation = match Organisation::parse(&organisation) {
                    Ok(organisation) => Some(organisation),
                    Err(why) => self.say("organisation", &why.to_string()),
                };
                let role = Role::from_code(&role).or_else(|| self.say("role", "is not one of the closed list"));
                Some(Holder::RoleIn(organisation?, role?))
            }
            _ => self.say("identity", "give either `identity`, or `organisation` and `role`"),
        }
    }

    fn units(&mut self, units: &[String]) -> Vec<(Part, Audience)> {
        self.all("units", units, "O, E, A, B/mpu, B/mash, C, CARER, CARD, WITHHELD", unit_kind)
    }

    fn moment(&mut self, field: &str, text: &str) -> Option<Timestamp> {
        text.parse().ok().or_else(|| self.say(field, "must be a moment such as 2026-11-01T00:00:00Z"))
    }

    fn all<T>(&mut self, field: &str, values: &[String], form: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut out = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            match read(value) {
                Some(value) => out.push(value),
                None => _ = self.say::<()>(&format!("{field}[{index}]"), &format!("must be {form}")),
            }
        }
        out
    }

    fn say<T>(&mut self, field: &str, advice: &str) -> Option<T> {
        self.wrong.push(format!("{}: {field}: {advice}", self.place));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        grants::{Action, Refusal},
        identity::Peer,
    };

    const EXAMPLE: &str = include_str!("../../deploy/reference/grants.example.toml");

    fn domain() -> TrustDomain {
        TrustDomain::parse("pilot.example").unwrap()
    }

    #[test]
    fn the_example_is_read_and_means_what_it_says() {
        let grants = parse(EXAMPLE, &domain()).unwrap();
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let peer = |path: &str| Peer {
            identity: Identity::parse(&format!("homeward://pilot.example/{path}"), &domain()).unwrap(),
            serial: "1".into(),
            not_after: "2027-01-01T00:00:00Z".parse().unwrap(),
            unlisted: false,
        };
        let bromley = peer("gss/E09000006/council_submitter/case-system");
        assert!(grants.may_submit(&bromley, "E09000006", now).is_ok());
        assert_eq!(grants.may_submit(&bromley, "E09000008", now), Err(Refusal::Authority));
        let provider = |path: &str| Peer { not_after: Timestamp::MAX, ..peer(&format!("provider/{path}")) };
        let first = provider("safer-returns/provider_submitter/crm");
        let second = provider("doorstep-listening/provider_submitter/case-system");
        for (day, both, then) in [("2026-11-21", true, false), ("2027-05-01", false, true), ("2027-11-01", false, true)]
        {
            let at = format!("{day}T00:00:00Z").parse().unwrap();
            assert_eq!(grants.may_submit(&first, "E09000007", at).is_ok(), both, "{day}");
            assert_eq!(grants.may_submit(&second, "E09000007", at).is_ok(), then, "{day}");
            assert_eq!(grants.may_submit(&first, "E09000023", at).is_ok(), day < "2027-11-01", "{day}");
            assert!(grants.may_submit(&first, "E09000028", at).is_err(), "{day}: not commissioned");
        }
        let officer = peer("met/SE/mpu_officer/p123");
        assert!(grants.may_serve(&officer, Action::Pull, &QueueId::of("MPU", "SE"), now).is_ok());
        let resolver = peer("met/HQ/hold_resolver/h1");
        assert!(grants.may_resolve_hold(&resolver, &[], now).is_ok());
        let administrator = peer("operator/certificate_admin/admin-1");
        assert!(grants.may_call(&administrator, Action::RevokeCertificate, now).is_ok());
        assert_eq!(grants.may_call(&administrator, Action::Pull, now), Err(Refusal::Method));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = parse("[[grant]]\nidentity = \"x\"\nallow_all = true\n", &domain()).unwrap_err();
        assert!(error.to_string().contains("allow_all"), "{error}");
        assert!(parse("everything = true\n", &domain()).is_err());
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let text = r#"
            [[grant]]
            identity = "homeward://other.example/gss/E09000006/council_submitter/x"
            submit_for = ["E09000006", "Bromley"]
            queues = ["MPU.SE", "MPU.*"]
            units = ["B"]
            not_before = "tomorrow"
            not_after = "2026-11-01T00:00:00Z"
            [[grant]]
            organisation = "met/SE"
            role = "king"
            not_before = "2026-11-01T00:00:00Z"
            not_after = "2026-11-01T00:00:00Z"
            [[grant]]
            organisation = "met/SE"
            role = "mpu_officer"
            not_before = "2026-11-01T00:00:00Z"
            not_after = "2026-11-01T00:00:00Z"
        "#;
        let GrantsError::Values(wrong) = parse(text, &domain()).unwrap_err() else { unreachable!("it is TOML") };
        let words = wrong.join("\n");
        for expected in [
            "grant 1: identity",
            "grant 1: submit_for[1]",
            "grant 1: queues[1]",
            "grant 1: units[0]",
            "grant 1: not_before",
            "grant 2: role",
            "grant 3: not_after",
        ] {
            assert!(words.contains(expected), "{expected} is missing from\n{words}");
        }
        assert_eq!(wrong.len(), 7, "{words}");
    }

    #[test]
    fn an_empty_file_grants_nothing() {
        assert_eq!(parse("", &domain()).unwrap(), Grants::default());
    }
}
