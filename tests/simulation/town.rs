//! Who is there: councils that submit, two officers for every queue of the directory, supervisors and custodians.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use homeward::{
    broker::Rulebook,
    domain::{
        grants::{Grant, Grants, Holder},
        identity::{Identity, Peer, TrustDomain},
        queue::QueueId,
    },
    wire::{json, pb},
};
use jiff::Timestamp;

/// When every simulation begins: a Saturday, after every narrative.
pub const SATURDAY: &str = "2026-11-21T12:00:00Z";

/// Who submits which narrative, and for whom; the shorter ones oftener.
const BASES: [(u8, &str, &str); 11] = [
    (8, "E09000021", "E09000021"),
    (8, "E09000021", "E09000021"),
    (8, "E09000021", "E09000021"),
    (7, "E09000009", "E09000009"),
    (7, "E09000009", "E09000009"),
    (4, "E09000025", "E09000025"),
    (4, "E09000025", "E09000025"),
    (6, "E09000015", "E09000015"),
    (5, "E09000022", "E09000022"),
    (3, "E09000008", "E09000007"),
    (1, "E09000023", "E09000023"),
];

/// What a council submits again and again.
pub struct Base {
    pub council: Peer,
    pub on_behalf_of: String,
    pub submission: pb::Submission,
}

/// Everybody and everything that stays as it is.
pub struct Town {
    pub rulebook: Arc<Rulebook>,
    pub grants: Arc<Grants>,
    pub queues: Vec<QueueId>,
    pub bases: Vec<Base>,
    pub supervisor: Peer,
    pub custodians: [Peer; 2],
    officers: HashMap<QueueId, [Peer; 2]>,
    by_name: HashMap<String, Peer>,
}

impl Town {
    pub fn new() -> super::SharedTown {
        let rulebook = Rulebook::embedded().unwrap();
        let start: Timestamp = SATURDAY.parse().unwrap();
        let day = start.to_zoned(jiff::tz::TimeZone::UTC).date();
        let queues: Vec<_> = rulebook.policy.directory.queues(day).into_iter().collect();
        let mut grants = Vec::new();
        let officers: HashMap<_, _> = queues.iter().map(|queue| (queue.clone(), officers(queue))).collect();
        for (queue, both) in &officers {
            let row = |officer| Grant {
                resolve_hold: *queue == QueueId::hold(),
                ..grant(officer, std::slice::from_ref(queue))
            };
            grants.extend(both.iter().map(row));
        }
        let bases: Vec<_> = BASES.iter().map(|of| base(*of)).collect();
        for Base { council, on_behalf_of, .. } in &bases {
            grants.push(Grant { submit_for: vec![on_behalf_of.clone()], ..grant(council, &[]) });
        }
        let supervisor = peer("met/HQ/unit_supervisor/s1");
        let custodians = ["k1", "k2"].map(|name| peer(&format!("operator/key_custodian/{name}")));
        grants.push(grant(&supervisor, &queues));
        grants.extend(custodians.iter().map(|custodian| grant(custodian, &[])));
        let everybody = officers.values().flatten().chain(bases.iter().map(|base| &base.council));
        let by_name = everybody.map(|peer| (peer.identity.as_str().to_owned(), peer.clone())).collect();
        Arc::new(Self {
            rulebook: Arc::new(rulebook),
            grants: Arc::new(Grants::new(grants)),
            queues,
            bases,
            supervisor,
            custodians,
            officers,
            by_name,
        })
    }

    /// Both officers of a queue.
    pub fn officers(&self, queue: &QueueId) -> &[Peer; 2] {
        &self.officers[queue]
    }

    /// The other officer of the queue.
    pub fn other(&self, queue: &QueueId, one: &Identity) -> &Peer {
        self.officers(queue).iter().find(|officer| officer.identity != *one).unwrap()
    }

    pub fn named(&self, identity: &str) -> &Peer {
        &self.by_name[identity]
    }
}

fn base((number, organisation, on_behalf_of): (u8, &str, &str)) -> Base {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/narratives/n{number}.json"));
    Base {
        council: peer(&format!("gss/{organisation}/council_submitter/case-system")),
        on_behalf_of: on_behalf_of.to_owned(),
        submission: json::from_json("Submission", &fs::read_to_string(file).unwrap()).unwrap(),
    }
}

fn officers(queue: &QueueId) -> [Peer; 2] {
    let suffix = queue.suffix();
    let (organisation, role) = match queue.kind() {
        "MPU" => (format!("met/{suffix}"), "mpu_officer"),
        "REFDESK" => (format!("met/{suffix}"), "refdesk_officer"),
        "EDT" => (format!("gss/{suffix}"), "edt_officer"),
        "FORCE" => (format!("pfa/{suffix}"), "force_officer"),
        "HOLD" => ("met/HQ".to_owned(), "hold_resolver"),
        _ => (format!("gss/{suffix}"), "mash_officer"),
    };
    [1, 2].map(|number| peer(&format!("{organisation}/{role}/{}-{number}", queue.kind().to_lowercase())))
}

pub fn domain() -> TrustDomain {
    TrustDomain::parse("pilot.example").unwrap()
}

fn peer(path: &str) -> Peer {
    let identity = Identity::parse(&format!("homeward://{}/{path}", domain()), &domain()).unwrap();
    Peer { identity, serial: "01".into(), not_after: end(), unlisted: false }
}

/// When everybody's certificate and grant end: nobody is still at work then.
pub fn end() -> Timestamp {
    "2096-01-01T00:00:00Z".parse().unwrap()
}

fn grant(to: &Peer, queues: &[QueueId]) -> Grant {
    Grant {
        holder: Holder::Exactly(to.identity.clone()),
        submit_for: Vec::new(),
        queues: queues.to_vec(),
        units: None,
        resolve_hold: false,
        vetting: None,
        not_before: Timestamp::UNIX_EPOCH,
        not_after: end(),
    }
}
