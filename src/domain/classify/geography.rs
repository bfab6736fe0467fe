//! The four places of a submission, each resolved once and never collapsed into one (domain 1.3).

use jiff::civil::Date;

use crate::domain::{
    code::CaseStatus,
    decision::HoldReason,
    directory::{Authority, Directory, Force, ForceRole, Located, Police},
    geography::Area,
    submission::Draft,
};

/// What the stated areas turned out to be on the day of receipt.
pub(in crate::domain) struct Geography<'a> {
    directory: &'a Directory,
    day: Date,
    /// Where the child went missing from.
    pub missing_from: Located<'a>,
    /// Where the child lives now; a placement counts.
    pub lives: Located<'a>,
    /// Who is responsible.
    pub responsible: Located<'a>,
    /// The case is open with the responsible authority; always so for a looked-after child (D02).
    pub case_open: bool,
    /// Looked after and placed away from the responsible authority (R13).
    pub placed_away: bool,
    /// Looked after by an authority that is not certain, so that nobody can say whether they are placed away.
    pub placing_authority_uncertain: Option<HoldReason>,
}

impl<'a> Geography<'a> {
    pub(super) fn of(draft: &Draft, directory: &'a Directory, day: Date) -> Self {
        let lives = directory.locate(&draft.lives_now, day);
        let responsible = directory.locate(&draft.responsible_authority, day);
        let elsewhere = differ(&lives, &responsible);
        let looked_after = draft.answers.looked_after.unwrap_or(elsewhere);
        let uncertain = if looked_after { responsible.authority().err() } else { None };
        Self {
            directory,
            day,
            missing_from: directory.locate(&draft.missing_from, day),
            case_open: looked_after || draft.answers.case == CaseStatus::Open,
            placed_away: looked_after && elsewhere,
            placing_authority_uncertain: uncertain,
            lives,
            responsible,
        }
    }

    /// The day of receipt.
    pub fn day(&self) -> Date {
        self.day
    }

    /// Any other stated area.
    pub fn locate(&self, area: &Area) -> Located<'a> {
        self.directory.locate(area, self.day)
    }

    /// Police of the episode: who owns it.
    pub fn owner(&self) -> Result<Police, HoldReason> {
        self.missing_from.police()
    }

    /// Police where the child lives.
    pub fn child_police(&self) -> Result<Police, HoldReason> {
        self.lives.police()
    }

    /// Home police: those of the responsible authority (D09).
    pub fn home_police(&self) -> Result<Police, HoldReason> {
        self.responsible.police()
    }

    /// True where `police` are outside the Met and are not the City's: R09's other force.
    pub fn is_other_force(&self, police: &Police) -> bool {
        matches!(police, Police::Force(_)) && !self.is_city(police)
    }

    /// True for the City of London's police (R11).
    pub fn is_city(&self, police: &Police) -> bool {
        self.directory.is_enclave(police, self.day)
    }
}

/// Both known and not the same council (3.1). Of a force's area no more than this is known: it is not where another force polices.
fn differ(lives: &Located<'_>, responsible: &Located<'_>) -> bool {
    match (lives, responsible) {
        (Located::Authority(a), Located::Authority(b)) => a.gss != b.gss,
        (Located::Force(force), Located::Authority(authority))
        | (Located::Authority(authority), Located::Force(force)) => {
            force.role != ForceRole::Rail && !polices(force, authority)
        }
        (Located::Force(a), Located::Force(b)) => {
            [a, b].iter().all(|force| force.role != ForceRole::Rail) && a.code != b.code
        }
        (Located::Undecided(_), _) | (_, Located::Undecided(_)) => false,
    }
}

fn polices(force: &Force, authority: &Authority) -> bool {
    match &authority.police {
        Police::Bcu(_) => force.role == ForceRole::London,
        Police::Force(code) => *code == force.code,
    }
}

/// The councils of the front door (D02): `mash` or `alloc` of where the child lives, and `alloc` of elsewhere.
pub(in crate::domain) struct FrontDoor<'a> {
    /// MASH of where the child lives, unless the case is open there.
    pub mash: Option<Result<&'a Authority, HoldReason>>,
    /// The allocated team where the case is open.
    pub alloc: Option<Result<&'a Authority, HoldReason>>,
}

impl<'a> Geography<'a> {
    /// Who the front door is.
    pub fn front_door(&self) -> FrontDoor<'a> {
        let lives = self.lives.authority();
        if !self.case_open {
            return FrontDoor { mash: Some(lives), alloc: None };
        }
        let responsible = self.responsible.authority();
        match (lives, responsible) {
            (Ok(here), Ok(there)) if here.gss == there.gss => FrontDoor { mash: None, alloc: Some(Ok(here)) },
            _ => FrontDoor { mash: Some(lives), alloc: Some(responsible) },
        }
    }
}
