//! What a submission lists, and what everyone in it is to the record (domain 2.4, "Roles in the views").

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    engine::Owner,
    form::{Entity, Form, ListedPerson, ListedValue},
    policy::EffectiveRole,
};
use crate::domain::{
    code::{DataSubjectCategory, PersonRole, PlaceKind, SourceRole},
    geography::Area,
    submission::{Draft, OnlineAccount, Person, Place},
    text::Text,
};

/// The roles of one record.
pub(super) struct Roles<'d> {
    child: EffectiveRole,
    child_id: &'d str,
    by_id: BTreeMap<&'d str, EffectiveRole>,
}

impl<'d> Roles<'d> {
    /// Reads the roles from who is the source of which item.
    pub fn of(draft: &'d Draft) -> Self {
        let sources = sources(draft);
        let is_child = |person: &&Person| person.role == PersonRole::Child;
        let child_id = draft.persons.iter().find(is_child).map_or("", |person| person.id.reveal());
        let child_is_source = sources.contains(child_id)
            || draft
                .items
                .iter()
                .any(|item| item.provenance.source_role == SourceRole::Child && item.provenance.source.is_none());
        let child = if child_is_source { EffectiveRole::SubjectSource } else { EffectiveRole::SubjectChild };
        let seconds: BTreeSet<&str> = draft
            .items
            .iter()
            .flat_map(|item| &item.provenance.corroboration)
            .map(|corroboration| corroboration.by.reveal())
            .collect();
        let role = |person: &'d Person| {
            let id = person.id.reveal();
            (id, role(person, sources.contains(id), seconds.contains(id), child))
        };
        Self { child, child_id, by_id: draft.persons.iter().map(role).collect() }
    }

    /// These have told us, whatever else they are.
    pub fn have_told(&mut self, ids: &BTreeSet<String>) {
        if ids.contains(self.child_id) {
            self.child = EffectiveRole::SubjectSource;
        }
        for (id, role) in self.by_id.iter_mut().filter(|(id, _)| ids.contains(**id)) {
            let family = matches!(role, EffectiveRole::ParentCarer | EffectiveRole::ParentOfSource);
            *role = match family {
                _ if *id == self.child_id => EffectiveRole::SubjectSource,
                true => EffectiveRole::CarerSource,
                false => EffectiveRole::Source,
            };
        }
    }

    /// The subject child.
    pub fn child(&self) -> Owner<'d> {
        Owner { role: self.child, id: Some(self.child_id) }
    }

    /// The person with this id; nobody listed has role `Unknown`.
    pub fn person<'a>(&self, id: &'a str) -> Owner<'a> {
        Owner { role: self.by_id.get(id).copied().unwrap_or(EffectiveRole::Unknown), id: Some(id) }
    }

    /// Whose something is; `otherwise` where it is nobody's.
    pub fn owner<'a>(&self, id: Option<&'a Text>, otherwise: EffectiveRole) -> Owner<'a> {
        id.map_or(Owner { role: otherwise, id: None }, |id| self.person(id.reveal()))
    }
}

/// Person ids that are the source of an item. A source known only as a parent or carer is every one of them who is not
/// of concern.
fn sources(draft: &Draft) -> BTreeSet<&str> {
    let mut out = BTreeSet::new();
    for item in &draft.items {
        let provenance = &item.provenance;
        match (&provenance.source, provenance.source_role) {
            (_, SourceRole::Practitioner) | (None, SourceRole::Child | SourceRole::Professional) => {}
            (Some(id), _) => {
                out.insert(id.reveal());
            }
            (None, SourceRole::Carer | SourceRole::Parent) => {
                let at_home = |person: &&Person| {
                    let family =
                        matches!(person.role, PersonRole::Parent | PersonRole::Carer | PersonRole::HouseholdMember);
                    family && !of_concern(person)
                };
                out.extend(draft.persons.iter().filter(at_home).map(|person| person.id.reveal()));
            }
        }
    }
    out
}

fn role(person: &Person, source: bool, second: bool, child: EffectiveRole) -> EffectiveRole {
    let suspect = is_suspect(person);
    match person.role {
        PersonRole::Child => child,
        PersonRole::Practitioner => EffectiveRole::Submitter,
        PersonRole::Parent | PersonRole::Carer | PersonRole::HouseholdMember if source && !suspect => {
            EffectiveRole::CarerSource
        }
        _ if source => EffectiveRole::Source,
        _ if suspect => EffectiveRole::Suspect,
        PersonRole::Sibling | PersonRole::OtherChild => EffectiveRole::OtherChild,
        PersonRole::Parent | PersonRole::Carer | PersonRole::HouseholdMember => match child {
            EffectiveRole::SubjectSource => EffectiveRole::ParentOfSource,
            _ => EffectiveRole::ParentCarer,
        },
        PersonRole::Professional | PersonRole::Police if !second => EffectiveRole::Professional,
        _ if second => EffectiveRole::SecondSource,
        _ => EffectiveRole::Witness,
    }
}

/// A suspect to the policy: by the category, whatever the role (domain 2.4).
fn is_suspect(person: &Person) -> bool {
    matches!(person.category, DataSubjectCategory::Suspect | DataSubjectCategory::Convicted)
}

/// Of concern, however that is said: what keeps a sentence out of a carer copy.
pub(super) fn of_concern(person: &Person) -> bool {
    is_suspect(person) || person.role == PersonRole::Suspect
}

/// Everything that `draft` lists.
pub(super) fn form(draft: &Draft, roles: &Roles<'_>) -> Form {
    let mut form = Form { as_of: day(draft), ..Form::default() };
    list_child(draft, roles, &mut form);
    for person in draft.persons.iter().filter(|person| person.role != PersonRole::Child) {
        list_person(person, roles.person(person.id.reveal()).role, &mut form);
    }
    list_submitter(draft, &mut form);
    for phone in &draft.phones {
        let role = roles.owner(phone.owner.as_ref(), EffectiveRole::Unknown).role;
        form.add(Entity::Phone, role, Some(&phone.number));
    }
    for account in &draft.accounts {
        list_account(account, roles.owner(account.owner.as_ref(), EffectiveRole::Unknown).role, &mut form);
    }
    for vehicle in &draft.vehicles {
        let role = roles.owner(vehicle.owner.as_ref(), EffectiveRole::Unknown).role;
        form.add(Entity::Vrm, role, vehicle.vrm.as_ref());
    }
    for place in &draft.places {
        let role = roles.owner(place.owner.as_ref(), EffectiveRole::Place).role;
        form.add(place_entity(place), role, Some(&place.name));
        form.add(Entity::Address, role, place.address.as_ref());
        form.add(Entity::Postcode, role, place.postcode.as_ref());
    }
    form
}

impl Form {
    fn add(&mut self, entity: Entity, role: EffectiveRole, text: Option<&Text>) {
        if let Some(text) = text.filter(|text| !text.is_blank()) {
            self.values.push(ListedValue { entity, text: text.clone(), role });
        }
    }
}

/// What an account's handle is: an e-mail address or a handle.
pub(super) fn handle_entity(account: &OnlineAccount) -> Entity {
    let handle = account.handle.reveal();
    let mail = handle.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    if mail { Entity::Email } else { Entity::Handle }
}

/// What a place is to the policy: somebody's dwelling, school or placement, or a place where something happened.
pub(super) fn place_entity(place: &Place) -> Entity {
    match place.kind {
        _ if place.owner.is_none() => Entity::Place,
        PlaceKind::Address => Entity::Address,
        PlaceKind::School => Entity::School,
        PlaceKind::Placement => Entity::Placement,
        PlaceKind::Venue | PlaceKind::Station | PlaceKind::OpenPlace | PlaceKind::Route | PlaceKind::Other => {
            Entity::Place
        }
    }
}

fn list_child(draft: &Draft, roles: &Roles<'_>, form: &mut Form) {
    let child = &draft.child;
    let role = roles.child().role;
    let mut names = vec![child.name.clone()];
    names.extend(child.aliases.iter().cloned());
    for person in draft.persons.iter().filter(|person| person.role == PersonRole::Child) {
        names.push(person.name.clone());
        names.extend(person.aliases.iter().cloned());
        list_details(person, role, form);
    }
    form.persons.push(ListedPerson {
        id: roles.child().id.unwrap_or_default().into(),
        names,
        role,
        date_of_birth: child.date_of_birth,
        relationship: None,
    });
    form.child_sex = child.sex;
    form.add(Entity::Address, role, child.home_address.as_ref());
    form.add(Entity::Postcode, role, child.home_postcode.as_ref());
    form.add(Entity::Placement, role, child.placement.as_ref());
    form.add(Entity::School, role, child.school.as_ref());
    form.add(Entity::NhsNumber, role, child.nhs_number.as_ref());
    form.add(Entity::CaseRef, role, child.source_reference.as_ref());
    form.add(Entity::CaseRef, role, draft.episode.police_reference.as_ref());
    form.add(Entity::CaseRef, role, draft.envelope.sender_reference.as_ref());
}

fn list_person(person: &Person, role: EffectiveRole, form: &mut Form) {
    let mut names = vec![person.name.clone()];
    names.extend(person.aliases.iter().cloned());
    form.persons.push(ListedPerson {
        id: person.id.clone(),
        names,
        role,
        date_of_birth: person.date_of_birth,
        relationship: person.relationship.clone(),
    });
    list_details(person, role, form);
}

fn list_details(person: &Person, role: EffectiveRole, form: &mut Form) {
    form.add(Entity::Address, role, person.address.as_ref());
    form.add(Entity::Postcode, role, person.postcode.as_ref());
    form.add(Entity::School, role, person.school.as_ref());
    form.add(Entity::NhsNumber, role, person.nhs_number.as_ref());
    if role == EffectiveRole::Submitter {
        form.add(Entity::Organisation, role, person.organisation.as_ref());
    }
}

fn list_account(account: &OnlineAccount, role: EffectiveRole, form: &mut Form) {
    form.add(handle_entity(account), role, Some(&account.handle));
    // A display name is read as a name: the policy for names decides.
    form.add(Entity::Person, role, account.display_name.as_ref());
    form.add(Entity::Url, role, account.url.as_ref());
}

/// The worker, their manager, their organisations and the number to ring back.
fn list_submitter(draft: &Draft, form: &mut Form) {
    let role = EffectiveRole::Submitter;
    let interviewer = &draft.interview.interviewer;
    let manager = draft.interview.evaluate.line_manager.as_ref().map(|manager| &manager.name);
    let workers = [Some(&draft.envelope.reporter.name), interviewer.name.as_ref(), manager];
    for (index, name) in workers.into_iter().flatten().enumerate() {
        if form.persons.iter().any(|person| person.role == role && person.names.contains(name)) {
            continue;
        }
        // After every id that a sender can choose, so that these never change the numbers of others.
        let id = Text::new(format!("\u{10FFFF}{index}"));
        form.persons.push(ListedPerson {
            id,
            names: vec![name.clone()],
            role,
            date_of_birth: None,
            relationship: None,
        });
    }
    form.add(Entity::Phone, role, Some(&draft.envelope.reporter.call_back));
    let areas = [&draft.missing_from, &draft.lives_now, &draft.responsible_authority].map(area_name);
    for organisation in
        [Some(&draft.envelope.submitting_organisation), interviewer.organisation.as_ref()].into_iter().flatten()
    {
        // The bare name of a borough is a place, and places may be named; the council may not.
        let is_area = areas.iter().flatten().any(|area| area.reveal().eq_ignore_ascii_case(organisation.reveal()));
        let council = is_area.then(|| Text::new(format!("{} Council", organisation.reveal())));
        form.add(Entity::Organisation, role, Some(council.as_ref().unwrap_or(organisation)));
    }
    if let Some(area) = area_name(&draft.responsible_authority) {
        let council = Text::new(format!("{} Council", area.reveal()));
        form.add(Entity::Organisation, role, Some(&council));
    }
}

fn area_name(area: &Area) -> Option<&Text> {
    match area {
        Area::Stated { name, .. } => name.as_ref(),
        Area::Absent | Area::Unknown => None,
    }
}

/// The day on which an age is stated: of the interview, else of the return, else of the episode.
fn day(draft: &Draft) -> Option<Date> {
    let episode = &draft.episode;
    let at: Option<Timestamp> = draft.interview.held_at.or(episode.returned).or(episode.started).or(episode.reported);
    at.map(|at| at.to_zoned(TimeZone::UTC).date())
}
