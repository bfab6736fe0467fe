//! What a disk holds, and what it may hold after the power was cut: what was synced, and of the rest whatever chance leaves, sector by
//! sector and in any order.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::{
    Chance,
    preloaded::{Did, Event},
};

/// Files below a folder, by their inodes and their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    folders: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, u64>,
    files: HashMap<u64, Vec<u8>>,
}

/// What the cut leaves of what was not synced.
#[derive(Debug, Clone, Copy)]
pub enum Leaves {
    All,
    Nothing,
    /// Each sector of this size, or not.
    Some(usize),
}

impl Image {
    /// The folder as it is, sockets apart; empty where there is none.
    pub fn read(folder: &Path) -> Self {
        let mut image = Self::default();
        if folder.is_dir() {
            image.add(folder);
        }
        image
    }

    fn add(&mut self, folder: &Path) {
        self.folders.insert(folder.to_owned());
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                self.add(&path);
            } else if entry.file_type().unwrap().is_file() {
                let inode = entry.metadata().unwrap().ino();
                self.files.insert(inode, fs::read(&path).unwrap());
                self.names.insert(path, inode);
            }
        }
    }

    /// Every file with what it holds.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.names.iter().map(|(path, inode)| (path.as_path(), self.files[inode].as_slice()))
    }

    /// Puts it in the place of the folder.
    pub fn write(&self, folder: &Path) {
        let _ = fs::remove_dir_all(folder);
        // What lay in a folder whose name was lost is lost with it.
        let lost = |path: &Path| {
            let mut above = path.ancestors().skip(1).take_while(|above| *above != folder);
            path != folder && above.any(|above| !self.folders.contains(above))
        };
        for folder in self.folders.iter().filter(|path| !lost(path)) {
            fs::DirBuilder::new().mode(0o700).create(folder).unwrap();
        }
        for (path, inode) in self.names.iter().filter(|(path, _)| !lost(path)) {
            let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(path).unwrap();
            std::io::Write::write_all(&mut file, &self.files[inode]).unwrap();
        }
    }

    /// The same files with the same content, whatever their inodes.
    pub fn same(&self, other: &Self) -> bool {
        let contents = |image: &Self| -> BTreeMap<PathBuf, Vec<u8>> {
            image.names.iter().map(|(path, inode)| (path.clone(), image.files[inode].clone())).collect()
        };
        self.folders == other.folders && contents(self) == contents(other)
    }

    /// After all of this was done and reached the disk.
    pub fn after(&self, events: &[Event]) -> Self {
        self.after_cut(events, Leaves::All, &mut Chance(0))
    }

    /// After the power was cut when all of this was done.
    pub fn after_cut(&self, events: &[Event], leaves: Leaves, chance: &mut Chance) -> Self {
        let synced = Synced::of(events, self.folders.is_empty());
        // Names change in a journal: what was not synced of them is there up to some point.
        let unsure: Vec<_> =
            (0..events.len()).filter(|at| synced.names(*at, &events[*at].did) == Some(false)).collect();
        let sure_of = match leaves {
            Leaves::All => unsure.len(),
            Leaves::Nothing => 0,
            Leaves::Some(_) => chance.below(unsure.len() + 1),
        };
        let lost = &unsure[sure_of..];
        let mut image = self.clone();
        for (at, Event { did, .. }) in events.iter().enumerate() {
            if synced.names(at, did).is_some() {
                image.name(did, lost.contains(&at));
                continue;
            }
            let sure = |inode: &u64| synced.content.get(inode).is_some_and(|before| at < *before);
            match did {
                Did::Wrote { inode, offset, data } => {
                    let file = image.files.entry(*inode).or_default();
                    let mut from = usize::try_from(*offset).unwrap();
                    let sector = if let Leaves::Some(size) = leaves { size } else { usize::MAX };
                    let mut rest = data.as_slice();
                    while !rest.is_empty() {
                        // Sectors are those of the disk, not of the write.
                        let here = rest.len().min(sector - from % sector);
                        let (now, later) = rest.split_at(here);
                        if sure(inode) || left(leaves, chance) {
                            file.resize(file.len().max(from + here), 0);
                            file[from..from + here].copy_from_slice(now);
                        }
                        (from, rest) = (from + here, later);
                    }
                }
                Did::Cut { inode, length } if sure(inode) || left(leaves, chance) => {
                    image.files.entry(*inode).or_default().resize(usize::try_from(*length).unwrap(), 0);
                }
                _ => {}
            }
        }
        image
    }

    fn name(&mut self, did: &Did, lost: bool) {
        match did {
            // An inode can be used again.
            Did::Made { inode, .. } if lost => drop(self.files.insert(*inode, Vec::new())),
            _ if lost => {}
            Did::Made { inode, path } => {
                self.files.insert(*inode, Vec::new());
                self.names.insert(path.clone(), *inode);
            }
            Did::Folder(path) => _ = self.folders.insert(path.clone()),
            Did::Renamed(from, to) => {
                if let Some(inode) = self.names.remove(from) {
                    self.names.insert(to.clone(), inode);
                }
            }
            Did::Linked(from, to) => {
                if let Some(inode) = self.names.get(from).copied() {
                    self.names.insert(to.clone(), inode);
                }
            }
            Did::Removed(path) => drop(self.names.remove(path)),
            Did::Wrote { .. } | Did::Cut { .. } | Did::Began { .. } | Did::Synced { .. } => {}
        }
    }
}

fn left(leaves: Leaves, chance: &mut Chance) -> bool {
    match leaves {
        Leaves::All => true,
        Leaves::Nothing => false,
        Leaves::Some(_) => chance.below(2) == 0,
    }
}

/// What was synced: everything before these places.
#[derive(Default)]
struct Synced {
    content: HashMap<u64, usize>,
    folders: HashMap<PathBuf, usize>,
    /// The folder of all of it, which somebody made before.
    whole: Option<PathBuf>,
}

impl Synced {
    fn of(events: &[Event], new: bool) -> Self {
        let first =
            events.iter().find_map(|event| if let Did::Folder(path) = &event.did { Some(path.clone()) } else { None });
        let mut synced = Self { whole: first.filter(|_| new), ..Self::default() };
        let mut begun: HashMap<u64, usize> = HashMap::new();
        for (at, Event { did, .. }) in events.iter().enumerate() {
            match did {
                Did::Began { inode } => drop(begun.insert(*inode, at)),
                Did::Synced { inode, path } => {
                    let from = begun[inode];
                    synced.content.insert(*inode, from);
                    synced.folders.insert(path.clone(), from);
                }
                // A new file may have the inode of one that is gone.
                Did::Made { inode, .. } => drop(synced.content.remove(inode)),
                _ => {}
            }
        }
        synced
    }

    /// Whether a change of a name was synced with its folder; `None` where it is none.
    fn names(&self, at: usize, did: &Did) -> Option<bool> {
        let (Did::Made { path, .. }
        | Did::Folder(path)
        | Did::Renamed(_, path)
        | Did::Linked(_, path)
        | Did::Removed(path)) = did
        else {
            return None;
        };
        if self.whole.as_ref() == Some(path) {
            return Some(true);
        }
        Some(path.parent().and_then(|folder| self.folders.get(folder)).is_some_and(|before| at < *before))
    }
}
