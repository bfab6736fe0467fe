//! `directory.toml`: authorities, BCUs, forces and unattended queues.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::Report;
use crate::domain::{
    directory::{Authority, Bcu, Directory, Effective, Force, ForceRole, Police, Shared, Unattended, fold_name},
    grants::is_authority_code,
    queue::QueueId,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    effective_from: String,
    bcu: Vec<BcuRow>,
    authority: Vec<AuthorityRow>,
    force: Vec<ForceRow>,
    #[serde(default)]
    unattended: Vec<UnattendedRow>,
    #[serde(default)]
    shared: Vec<SharedRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BcuRow {
    code: String,
    name: String,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityRow {
    gss: String,
    dfe: u16,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    bcu: Option<String>,
    force: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForceRow {
    code: String,
    home_office: String,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    role: RoleRow,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RoleRow {
    London,
    Enclave,
    Territorial,
    Rail,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnattendedRow {
    queue: String,
    from: String,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedRow {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    authorities: Vec<String>,
    from: Option<String>,
    until: Option<String>,
}

/// Reads the directory and checks it as a whole.
pub(super) fn read(text: &str, report: &mut Report) -> Option<Directory> {
    let file: File = report.parse(text)?;
    let from = report.date("effective_from", &file.effective_from, Date::MIN);
    let bcus = file.bcu.into_iter().map(|row| bcu(row, from, report)).collect();
    let authorities = file.authority.into_iter().map(|row| authority(row, from, report)).collect();
    let forces = file.force.into_iter().map(|row| force(row, from, report)).collect();
    let unattended = file.unattended.into_iter().filter_map(|row| unattended(row, from, report)).collect();
    let shared = file.shared.into_iter().map(|row| shared(row, from, report)).collect();
    let mut directory = Directory::new(file.version, authorities, bcus, forces);
    directory.unattended = unattended;
    directory.shared = shared;
    check_codes(&directory, report);
    check_links(&directory, report);
    check_names(&directory, report);
    check_london(&directory, report);
    Some(directory)
}

fn bcu(row: BcuRow, from: Date, report: &mut Report) -> Bcu {
    let at = format!("bcu {}", row.code);
    let effective = report.effective(&at, row.from.as_deref(), row.until.as_deref(), from);
    Bcu { code: row.code, name: row.name, effective }
}

fn authority(row: AuthorityRow, from: Date, report: &mut Report) -> Authority {
    let at = format!("authority {}", row.gss);
    let effective = report.effective(&at, row.from.as_deref(), row.until.as_deref(), from);
    let police = match (row.bcu, row.force) {
        (Some(bcu), None) => Police::Bcu(bcu),
        (None, Some(force)) => Police::Force(force),
        _ => {
            report.add(&at, "name either its `bcu` or its `force`, not both");
            Police::Bcu(String::new())
        }
    };
    Authority { gss: row.gss, dfe: row.dfe, name: row.name, aliases: row.aliases, police, effective }
}

fn force(row: ForceRow, from: Date, report: &mut Report) -> Force {
    let at = format!("force {}", row.code);
    let effective = report.effective(&at, row.from.as_deref(), row.until.as_deref(), from);
    let role = match row.role {
        RoleRow::London => ForceRole::London,
        RoleRow::Enclave => ForceRole::Enclave,
        RoleRow::Territorial => ForceRole::Territorial,
        RoleRow::Rail => ForceRole::Rail,
    };
    Force { code: row.code, home_office: row.home_office, name: row.name, aliases: row.aliases, role, effective }
}

fn unattended(row: UnattendedRow, from: Date, report: &mut Report) -> Option<Unattended> {
    let at = format!("unattended {}", row.queue);
    let effective = report.effective(&at, Some(&row.from), row.until.as_deref(), from);
    let queue = QueueId::parse(&row.queue);
    if queue.is_none() {
        report.add(&at, "is not a queue's name, KIND.suffix");
    }
    queue.map(|queue| Unattended { queue, effective })
}

fn shared(row: SharedRow, from: Date, report: &mut Report) -> Shared {
    let at = format!("shared {}", row.name);
    let effective = report.effective(&at, row.from.as_deref(), row.until.as_deref(), from);
    if row.authorities.len() < 2 {
        report.add(&at, "name the two or more councils that share it; a name of one council is its alias");
    }
    for gss in row.authorities.iter().filter(|gss| !is_authority_code(gss)) {
        report.add(&at, format!("`{gss}`: a GSS code is E and eight digits"));
    }
    Shared { name: row.name, aliases: row.aliases, authorities: row.authorities, effective }
}

fn check_codes(directory: &Directory, report: &mut Report) {
    for authority in &directory.authorities {
        if !is_authority_code(&authority.gss) {
            report.add(format!("authority {}", authority.gss), "a GSS code is E and eight digits");
        }
    }
    for force in directory.forces.iter().filter(|force| force.role != ForceRole::Rail) {
        if !is_authority_code(&force.code) {
            report.add(format!("force {}", force.code), "a police force area code is E and eight digits");
        }
    }
    let authorities = directory.authorities.iter().map(|entry| (entry.gss.as_str(), &entry.effective));
    let forces = directory.forces.iter().map(|entry| (entry.code.as_str(), &entry.effective));
    once(authorities.chain(forces), "code", report);
    once(directory.bcus.iter().map(|entry| (entry.code.as_str(), &entry.effective)), "bcu", report);
}

/// No two entries in force on one day may share a key.
fn once<'a>(entries: impl Iterator<Item = (&'a str, &'a Effective)>, what: &str, report: &mut Report) {
    let mut seen: BTreeMap<&str, Vec<&Effective>> = BTreeMap::new();
    for (key, effective) in entries {
        let earlier = seen.entry(key).or_default();
        if earlier.iter().any(|other| other.overlaps(effective)) {
            report.add(format!("{what} {key}"), "is there twice on one day; end the old entry with `until`");
        }
        earlier.push(effective);
    }
}

fn check_links(directory: &Directory, report: &mut Report) {
    for authority in &directory.authorities {
        let known = match &authority.police {
            Police::Bcu(code) => directory.bcus.iter().any(|bcu| bcu.code == *code),
            Police::Force(code) => directory.forces.iter().any(|force| force.code == *code),
        };
        if !known {
            report.add(format!("authority {}", authority.gss), "its bcu or force is not in this file");
        }
    }
    for bcu in &directory.bcus {
        let serves = |authority: &Authority| authority.police == Police::Bcu(bcu.code.clone());
        if !directory.authorities.iter().any(serves) {
            report.add(format!("bcu {}", bcu.code), "no authority belongs to it");
        }
    }
    for entry in &directory.unattended {
        if !directory.queues(entry.effective.from).contains(&entry.queue) {
            report.add(format!("unattended {}", entry.queue), "no such queue on its first day");
        }
    }
}

fn check_names(directory: &Directory, report: &mut Report) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    let authorities = directory.authorities.iter().map(|entry| (&entry.gss, &entry.name, &entry.aliases));
    let forces = directory.forces.iter().map(|entry| (&entry.code, &entry.name, &entry.aliases));
    let shared = directory.shared.iter().map(|entry| (&entry.name, &entry.name, &entry.aliases));
    for (code, name, aliases) in authorities.chain(forces).chain(shared) {
        for spelling in std::iter::once(name).chain(aliases) {
            let owner = owners.entry(fold_name(spelling)).or_insert(code);
            if *owner != code.as_str() {
                report.add(format!("name {spelling}"), format!("means both {owner} and {code}"));
            }
        }
    }
}

/// London must be whole: 32 boroughs and the City, all 33 consecutive codes, and one force for each role that rules name.
fn check_london(directory: &Directory, report: &mut Report) {
    for number in 1..=33 {
        let gss = format!("E090000{number:02}");
        if !directory.authorities.iter().any(|authority| authority.gss == gss) {
            report.add(format!("authority {gss}"), "is missing: all 33 London authorities must be here");
        }
    }
    for (role, name) in [(ForceRole::London, "london"), (ForceRole::Enclave, "enclave"), (ForceRole::Rail, "rail")] {
        if directory.forces.iter().filter(|force| force.role == role).count() != 1 {
            report.add(format!("role {name}"), "exactly one force must have it");
        }
    }
}
