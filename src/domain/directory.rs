//! Who there is and where: authorities, BCUs, forces, and what a stated area means on a given day (domain 1).
//!
//! Nothing is matched approximately. An area either is one entry of the directory or it is undecided, with the
//! reason why, and a person on HOLD decides it (D03).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{decision::HoldReason, geography::Area, queue::QueueId};

/// From when until when an entry is in force; `until` is the first day on which it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// First day.
    pub from: Date,
    /// First day after; open ended when absent.
    pub until: Option<Date>,
}

impl Effective {
    /// True on a day in force.
    pub fn covers(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }

    /// The first day, and the first day after.
    pub fn changes(&self) -> impl Iterator<Item = Date> {
        std::iter::once(self.from).chain(self.until)
    }

    /// True when both are in force on some day.
    pub fn overlaps(&self, other: &Self) -> bool {
        other.until.is_none_or(|until| self.from < until) && self.until.is_none_or(|until| other.from < until)
    }
}

/// Which police serve a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Police {
    /// A Met Basic Command Unit, by its two letters.
    Bcu(String),
    /// A force outside the Met, by its queue suffix: PFA code or `BTP`.
    Force(String),
}

impl Police {
    /// The queue where a rule says MPU; outside the Met read the force (D09).
    pub fn mpu(&self) -> QueueId {
        self.queue("MPU")
    }

    /// The queue where a rule says REFDESK; outside the Met read the force (D09).
    pub fn refdesk(&self) -> QueueId {
        self.queue("REFDESK")
    }

    fn queue(&self, kind: &str) -> QueueId {
        match self {
            Self::Bcu(code) => QueueId::of(kind, code),
            Self::Force(code) => QueueId::of("FORCE", code),
        }
    }
}

/// A council with children's services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// GSS code.
    pub gss: String,
    /// DfE local authority number.
    pub dfe: u16,
    /// Usual name.
    pub name: String,
    /// Other usual spellings.
    pub aliases: Vec<String>,
    /// Who polices it.
    pub police: Police,
    /// When this entry is in force.
    pub effective: Effective,
}

/// A Met Basic Command Unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bcu {
    /// Two letters.
    pub code: String,
    /// Name.
    pub name: String,
    /// When this entry is in force.
    pub effective: Effective,
}

/// How a force stands to the Met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForceRole {
    /// The Met: its queues are by BCU, so the force alone is no destination.
    London,
    /// An enclave inside London, the City: never a BCU (R11).
    Enclave,
    /// Any other territorial force (R09).
    Territorial,
    /// The overlay on rail and Underground (R10).
    Rail,
}

/// A police force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Force {
    /// Queue suffix: the PFA code, or a short name where there is none.
    pub code: String,
    /// Two-digit Home Office code.
    pub home_office: String,
    /// Usual name.
    pub name: String,
    /// Other usual spellings.
    pub aliases: Vec<String>,
    /// How it stands to the Met.
    pub role: ForceRole,
    /// When this entry is in force.
    pub effective: Effective,
}

/// A queue known to have nobody on it (D21).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unattended {
    /// The queue.
    pub queue: QueueId,
    /// While nobody is there.
    pub effective: Effective,
}

/// Children's services that several councils share: its name alone says no council (domain 1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Usual name.
    pub name: String,
    /// Other usual spellings.
    pub aliases: Vec<String>,
    /// GSS codes of the councils that it serves; a council may have several, and not every one need be in the directory.
    pub authorities: Vec<String>,
    /// While it serves them.
    pub effective: Effective,
}

impl Shared {
    fn is_called(&self, name: &str) -> bool {
        let name = fold_name(name);
        std::iter::once(&self.name).chain(&self.aliases).any(|spelling| fold_name(spelling) == name)
    }
}

/// The directory, with every entry that is, was or will be in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// Version of the data.
    pub version: String,
    /// Authorities.
    pub authorities: Vec<Authority>,
    /// BCUs.
    pub bcus: Vec<Bcu>,
    /// Forces.
    pub forces: Vec<Force>,
    /// Queues without people.
    pub unattended: Vec<Unattended>,
    /// Services that several councils share.
    pub shared: Vec<Shared>,
    /// Spellings of authorities, folded, with their index.
    names: BTreeMap<String, Vec<usize>>,
    /// Spellings of forces, simplified, with their index.
    force_names: BTreeMap<String, Vec<usize>>,
}

/// What a stated area turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located<'a> {
    /// One council.
    Authority(&'a Authority),
    /// One force; which council is not known.
    Force(&'a Force),
    /// No certain place, and why.
    Undecided(HoldReason),
}

impl<'a> Located<'a> {
    /// The council, or why there is none.
    pub fn authority(&self) -> Result<&'a Authority, HoldReason> {
        match self {
            Self::Authority(authority) => Ok(authority),
            Self::Force(_) => Err(HoldReason::GeographyUnknown),
            Self::Undecided(reason) => Err(*reason),
        }
    }

    /// The police of the place, or why they are not certain: the Met without a borough names no BCU, and the rail force
    /// is an overlay and no place.
    pub fn police(&self) -> Result<Police, HoldReason> {
        match self {
            Self::Authority(authority) => Ok(authority.police.clone()),
            Self::Force(force) if matches!(force.role, ForceRole::London | ForceRole::Rail) => {
                Err(HoldReason::GeographyUnknown)
            }
            Self::Force(force) => Ok(Police::Force(force.code.clone())),
            Self::Undecided(reason) => Err(*reason),
        }
    }
}

impl Directory {
    /// A directory of these entries, its spellings indexed. That it is whole is for `reference` to check.
    pub fn new(version: String, authorities: Vec<Authority>, bcus: Vec<Bcu>, forces: Vec<Force>) -> Self {
        let mut names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in authorities.iter().enumerate() {
            for spelling in std::iter::once(&entry.name).chain(&entry.aliases) {
                names.entry(fold_name(spelling)).or_default().push(index);
            }
            names.entry(entry.dfe.to_string()).or_default().push(index);
        }
        // A force is never meant by "Kent Council": its name is compared without leaving a word out.
        let mut force_names: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in forces.iter().enumerate() {
            for spelling in std::iter::once(&entry.name).chain(&entry.aliases) {
                force_names.entry(simplify(spelling)).or_default().push(index);
            }
        }
        Self { version, authorities, bcus, forces, unattended: Vec::new(), shared: Vec::new(), names, force_names }
    }

    /// What `area` means on `day`. Unknown, absent and contradictory areas are `geography_unknown`; a well-formed
    /// code or a name that nobody has is `organisation_unknown` (D03). The DfE number is a spelling of a council's name.
    pub fn locate(&self, area: &Area, day: Date) -> Located<'_> {
        let Area::Stated { code, name } = area else { return Located::Undecided(HoldReason::GeographyUnknown) };
        let by_code = code.as_ref().filter(|code| !code.is_blank()).map(|code| self.by_code(code.reveal(), day));
        let by_name = name.as_ref().filter(|name| !name.is_blank()).map(|name| self.by_name(name.reveal(), day));
        match (by_code, by_name) {
            (None, None) => Located::Undecided(HoldReason::GeographyUnknown),
            (Some(found), None) | (None, Some(found)) => found,
            (Some(by_code), Some(by_name)) if by_code == by_name || self.serves(area, day) => by_code,
            (Some(_), Some(_)) => Located::Undecided(HoldReason::GeographyUnknown),
        }
    }

    /// True where the name is that of a service which the council of the code shares: the code says which council.
    fn serves(&self, area: &Area, day: Date) -> bool {
        let Area::Stated { code: Some(code), name: Some(name) } = area else { return false };
        let mut called = self.shared_called(name.reveal(), day);
        called.any(|service| service.authorities.iter().any(|gss| gss == code.reveal()))
    }

    fn shared_called(&self, name: &str, day: Date) -> impl Iterator<Item = &Shared> {
        self.shared.iter().filter(move |service| service.effective.covers(day) && service.is_called(name))
    }

    /// The force with this role on `day`.
    pub fn force_with_role(&self, role: ForceRole, day: Date) -> Option<&Force> {
        self.forces.iter().find(|force| force.role == role && force.effective.covers(day))
    }

    /// The police of the council with this GSS code on `day`.
    pub fn police_of(&self, gss: &str, day: Date) -> Option<Police> {
        let authority = self.authorities.iter().find(|entry| entry.gss == gss && entry.effective.covers(day));
        authority.map(|authority| authority.police.clone())
    }

    /// The police above a queue on `day`: its own BCU or force, or those of its council; of any other queue (HOLD) those of `council`.
    pub fn police_above(&self, queue: &QueueId, council: &str, day: Date) -> Option<Police> {
        let code = queue.suffix();
        if self.bcus.iter().any(|bcu| bcu.code == code && bcu.effective.covers(day)) {
            return Some(Police::Bcu(code.to_owned()));
        }
        if self.forces.iter().any(|force| force.code == code && force.effective.covers(day)) {
            return Some(Police::Force(code.to_owned()));
        }
        self.police_of(code, day).or_else(|| self.police_of(council, day))
    }

    /// True when `police` is the enclave (R11).
    pub fn is_enclave(&self, police: &Police, day: Date) -> bool {
        let enclave = self.force_with_role(ForceRole::Enclave, day);
        matches!((police, enclave), (Police::Force(code), Some(force)) if *code == force.code)
    }

    /// True when nobody is on `queue` on `day` (D21).
    pub fn is_unattended(&self, queue: &QueueId, day: Date) -> bool {
        self.unattended.iter().any(|entry| entry.queue == *queue && entry.effective.covers(day))
    }

    /// Whether there is this queue on `day`: the same as looking for it in [`Self::queues`].
    pub fn has(&self, queue: &QueueId, day: Date) -> bool {
        let suffix = queue.suffix();
        match queue.kind() {
            "MPU" | "REFDESK" => self.bcus.iter().any(|bcu| bcu.code == suffix && bcu.effective.covers(day)),
            "MASH" | "ALLOC" | "EDT" => {
                self.authorities.iter().any(|authority| authority.gss == suffix && authority.effective.covers(day))
            }
            "FORCE" => {
                let there =
                    |one: &Force| one.code == suffix && one.role != ForceRole::London && one.effective.covers(day);
                self.forces.iter().any(there)
            }
            _ => *queue == QueueId::hold(),
        }
    }

    /// Every day on which an entry begins or ends.
    pub fn changes(&self) -> impl Iterator<Item = Date> {
        let authorities = self.authorities.iter().map(|entry| &entry.effective);
        let bcus = self.bcus.iter().map(|entry| &entry.effective);
        let forces = self.forces.iter().map(|entry| &entry.effective);
        let unattended = self.unattended.iter().map(|entry| &entry.effective);
        let shared = self.shared.iter().map(|entry| &entry.effective);
        authorities.chain(bcus).chain(forces).chain(unattended).chain(shared).flat_map(Effective::changes)
    }

    /// Every queue there is on `day`, HOLD included.
    pub fn queues(&self, day: Date) -> BTreeSet<QueueId> {
        let mut queues = BTreeSet::from([QueueId::hold()]);
        for bcu in self.bcus.iter().filter(|bcu| bcu.effective.covers(day)) {
            queues.extend(["MPU", "REFDESK"].map(|kind| QueueId::of(kind, &bcu.code)));
        }
        for authority in self.authorities.iter().filter(|authority| authority.effective.covers(day)) {
            queues.extend(["MASH", "ALLOC", "EDT"].map(|kind| QueueId::of(kind, &authority.gss)));
        }
        let forces = self.forces.iter().filter(|force| force.role != ForceRole::London && force.effective.covers(day));
        queues.extend(forces.map(|force| QueueId::of("FORCE", &force.code)));
        queues
    }

    fn by_code(&self, code: &str, day: Date) -> Located<'_> {
        let authority = self.authorities.iter().find(|entry| entry.gss == code && entry.effective.covers(day));
        let force = self.forces.iter().find(|entry| entry.code == code && entry.effective.covers(day));
        located(authority, force)
    }

    /// Of a shared service nobody can say which council is meant, and nobody guesses.
    fn by_name(&self, name: &str, day: Date) -> Located<'_> {
        let in_force = |index: &usize| self.authorities.get(*index).filter(|entry| entry.effective.covers(day));
        let authority = self.names.get(&fold_name(name)).into_iter().flatten().find_map(in_force);
        let in_force = |index: &usize| self.forces.get(*index).filter(|entry| entry.effective.covers(day));
        let force = self.force_names.get(&simplify(name)).into_iter().flatten().find_map(in_force);
        match located(authority, force) {
            Located::Undecided(_) if self.shared_called(name, day).next().is_some() => {
                Located::Undecided(HoldReason::GeographyUnknown)
            }
            found => found,
        }
    }
}

fn located<'a>(authority: Option<&'a Authority>, force: Option<&'a Force>) -> Located<'a> {
    match (authority, force) {
        (Some(authority), _) => Located::Authority(authority),
        (None, Some(force)) => Located::Force(force),
        (None, None) => Located::Undecided(HoldReason::OrganisationUnknown),
    }
}

/// A name without what spellings differ in: case, punctuation, `&`, and words like *London Borough of* or *Council*.
/// Equality afterwards is exact; reference data is refused at load if two entries fold alike.
pub fn fold_name(name: &str) -> String {
    let mut rest = simplify(name);
    for prefix in ["the ", "london borough of ", "royal borough of ", "lb of ", "rb of ", "lb ", "rb "] {
        rest = rest.strip_prefix(prefix).map(str::to_owned).unwrap_or(rest);
    }
    for suffix in [
        " childrens services",
        " council",
        " london borough",
        " royal borough",
        " borough",
        " city",
        " lbc",
        " lb",
        " rb",
    ] {
        rest = rest.strip_suffix(suffix).map(str::to_owned).unwrap_or(rest);
    }
    rest
}

fn simplify(name: &str) -> String {
    let spelt = name.replace('&', " and ").replace(['\'', '\u{2019}', '.'], "").to_lowercase();
    let words: String = spelt.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
