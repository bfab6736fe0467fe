//! Who is in the demo: the people of its stories with their certificates and grants, and those who look at its pages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::expect::Narrative;
use crate::{
    app::failure::Failure,
    domain::queue::QueueId,
    pki::{self, Passphrase},
};

/// The profile that sends every narrative once more for whoever looks at the pages: a provider that interviews for all councils.
pub(super) const PROVIDER: &str = "provider";
/// The password of the files for browsers. They open a world that ends with the command.
pub(super) const PASSWORD: &str = "homeward-demo";

/// One person or system with a certificate and a grant.
pub(super) struct Holder {
    /// Folder name of the profile.
    pub(super) profile: String,
    /// Identity below the trust domain.
    pub(super) identity: String,
    /// Lines of the grant.
    pub(super) grant: String,
}

/// Somebody at a browser: the name of the profile, who it is, and what their pages show.
const AT_A_BROWSER: [(&str, &str, &str); 7] = [
    ("officer", "met/HQ/mpu_officer/duty", "every Missing Person Unit's queue: all eight narratives wait there"),
    ("hold", "met/HQ/hold_resolver/h2", "what is on HOLD, and why"),
    ("supervisor", "met/HQ/unit_supervisor/s1", "every queue from above: ages, who is on cover"),
    (COUNCIL, "gss/E09000023/council_submitter/desk", "Lewisham's referrals, and the form for a new one"),
    (PROVIDER, "provider/safer-returns/provider_submitter/desk", "all eight narratives, as their sender sees them"),
    ("administrator", "operator/certificate_admin/a1", "certificates, approvals, health"),
    ("custodian", "operator/key_custodian/k1", "keys, approvals, health"),
];
const COUNCIL: &str = "council";

pub(super) fn council_profile(gss: &str) -> String {
    format!("council-{gss}")
}

pub(super) fn queue_profile(queue: &str) -> String {
    queue.to_owned()
}

/// Every council that submits, an officer for every queue that may receive something, and those at a browser.
pub(super) fn holders(narratives: &[Narrative]) -> Vec<Holder> {
    let mut submit_for: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut queues: BTreeSet<&str> = super::story::RESOLVED_TO.into_iter().chain(["HOLD.human"]).collect();
    for narrative in narratives {
        submit_for.entry(&narrative.expect.organisation).or_default().insert(&narrative.expect.on_behalf_of);
        queues.extend(narrative.expect.legs.iter().map(|leg| leg.queue.as_str()));
    }
    let authorities: BTreeSet<&str> = submit_for.values().flatten().copied().collect();
    let at_a_browser = AT_A_BROWSER.map(|(profile, identity, _)| Holder {
        profile: profile.to_owned(),
        identity: identity.to_owned(),
        grant: browsing(profile, &queues, &authorities),
    });
    let councils = submit_for.into_iter().map(|(gss, authorities)| Holder {
        profile: council_profile(gss),
        identity: format!("gss/{gss}/council_submitter/case-system"),
        grant: format!("submit_for = [{}]", quoted(authorities)),
    });
    councils.chain(queues.iter().map(|queue| officer(queue))).chain(at_a_browser).collect()
}

/// What somebody at a browser is granted.
fn browsing(profile: &str, queues: &BTreeSet<&str>, authorities: &BTreeSet<&str>) -> String {
    match profile {
        "officer" => {
            format!("queues = [{}]", quoted(queues.iter().copied().filter(|queue| queue.starts_with("MPU."))))
        }
        "hold" => "queues = [\"HOLD.human\"]\nresolve_hold = true".to_owned(),
        "supervisor" => format!("queues = [{}]", quoted(queues.iter().copied())),
        COUNCIL => format!("submit_for = [{:?}]", super::world::COUNCIL),
        PROVIDER => format!("submit_for = [{}]", quoted(authorities.iter().copied())),
        _ => String::new(),
    }
}

/// The officer of a queue, in the organisation and role that its kind has.
fn officer(queue: &str) -> Holder {
    let id = QueueId::parse(queue);
    let suffix = id.as_ref().map_or("", QueueId::suffix);
    let identity = match id.as_ref().map_or("", QueueId::kind) {
        "MPU" => format!("met/{suffix}/mpu_officer/p1"),
        "REFDESK" => format!("met/{suffix}/refdesk_officer/p2"),
        "MASH" => format!("gss/{suffix}/mash_officer/m1"),
        "ALLOC" => format!("gss/{suffix}/lead_practitioner/s1"),
        "EDT" => format!("gss/{suffix}/edt_officer/e1"),
        "FORCE" => format!("pfa/{suffix}/force_officer/f1"),
        _ => "met/HQ/hold_resolver/h1".to_owned(),
    };
    let resolve = if queue == "HOLD.human" { "\nresolve_hold = true" } else { "" };
    Holder { profile: queue_profile(queue), identity, grant: format!("queues = [{queue:?}]{resolve}") }
}

fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

/// Certificate and key of everybody at a browser as one PKCS#12 file each, in the new folder `browser`: each file, and what its pages show.
///
/// # Errors
/// A file cannot be written.
pub(super) async fn export(folder: &Path) -> Result<Vec<(PathBuf, &'static str)>, Failure> {
    let told = |error: pki::PkiError| Failure::other(error.to_string());
    let out = folder.join("browser");
    fs::create_dir(&out).map_err(|error| Failure::other(error.to_string()))?;
    let mut making = Vec::new();
    for (profile, _, shows) in AT_A_BROWSER {
        let (from, file) = (folder.join("profiles").join(profile), out.join(format!("{profile}.p12")));
        let to = file.clone();
        // Slow by design: a guess of a password must not be cheap.
        let made = tokio::task::spawn_blocking(move || pki::export(&from, &to, &Passphrase::chosen(PASSWORD)?));
        making.push((file, shows, made));
    }
    let mut files = Vec::new();
    for (file, shows, made) in making {
        made.await.map_err(|_| Failure::other("a file for a browser could not be made"))?.map_err(told)?;
        files.push((file, shows));
    }
    Ok(files)
}
