//! The next root: a step that was broken off between the two trust bundles goes on, and no authority is left without its root.

use super::{
    super::{next_root, rotation},
    *,
};
use crate::platform::secret_file::{self, FileError};

/// What the server trusts.
fn server(house: &House) -> PathBuf {
    house.dir().join("server/ca.pem")
}

fn prepare(house: &House, root: &Path) -> Result<next_root::NextRoot, PkiError> {
    next_root::prepare(&house.dir(), root, None, house.tools())
}

/// The issuing authority of the old root is accepted no longer: one of the next root signs.
fn exchanged(house: &House, old: &Path, new: &Path) {
    let dir = house.dir();
    prepare(house, new).unwrap();
    rotation::prepare(&dir, new, None, house.tools()).unwrap();
    rotation::activate(&dir, house.tools()).unwrap();
    rotation::taint(&dir, house.tools()).unwrap();
    rotation::revoke(&dir, old, None, house.tools()).unwrap();
}

#[test]
fn a_next_root_that_was_broken_off_between_the_bundles_signs_nothing_and_goes_on() {
    let house = House::new();
    house.init().unwrap();
    let (dir, new) = (house.dir(), house.root.path().join("root-2"));
    let before = fs::read(server(&house)).unwrap();
    let made = prepare(&house, &new).unwrap();
    let both = fs::read(server(&house)).unwrap();
    // As a kill between the two renames leaves it.
    fs::write(server(&house), &before).unwrap();
    fs::write(new.join("unfinished"), "").unwrap();
    let signs = rotation::prepare(&dir, &new, None, house.tools());
    assert!(matches!(signs, Err(PkiError::UnknownRoot)), "its own server would let in nobody");
    let other = prepare(&house, &house.root.path().join("root-3"));
    assert!(matches!(other, Err(PkiError::RootPrepared)), "nor does another come in between");
    assert_eq!(prepare(&house, &new).unwrap(), made);
    assert_eq!((fs::read(server(&house)).unwrap(), fs::read(dir.join("ca.pem")).unwrap()), (both.clone(), both));
    assert!(matches!(prepare(&house, &new), Err(PkiError::RootPrepared)), "it is done");
    rotation::prepare(&dir, &new, None, house.tools()).unwrap();
}

#[test]
fn what_was_broken_off_in_the_folder_of_a_root_is_made_anew_and_nothing_else_is_overwritten() {
    let house = House::new();
    let made = house.init().unwrap();
    let new = house.root.path().join("root-2");
    secret_file::create_private_dir(&new).unwrap();
    for left in ["unfinished", "passphrase", ".root.key.1-1.unfinished"] {
        fs::write(new.join(left), "left").unwrap();
    }
    prepare(&house, &new).unwrap();
    let mut names: Vec<_> = fs::read_dir(&new).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["issued.tsv", "passphrase", "root.key", "root.pem"]);
    rotation::prepare(&house.dir(), &new, None, house.tools()).expect("the passphrase opens the key");
    let (house, key) = (House::new(), fs::read(made.root_folder.join("root.key")).unwrap());
    house.init().unwrap();
    assert!(matches!(prepare(&house, &made.root_folder), Err(PkiError::File(FileError::Exists { .. }))));
    assert_eq!(fs::read(made.root_folder.join("root.key")).unwrap(), key);
}

#[test]
fn a_retirement_that_was_broken_off_between_the_bundles_goes_on() {
    let house = House::new();
    let (old, new) = (house.init().unwrap().root_folder, house.root.path().join("root-2"));
    exchanged(&house, &old, &new);
    let both = fs::read(server(&house)).unwrap();
    let gone = next_root::retire(&house.dir()).unwrap();
    let one = fs::read(server(&house)).unwrap();
    // As a kill between the two renames leaves it.
    fs::write(server(&house), &both).unwrap();
    assert_eq!(next_root::retire(&house.dir()).unwrap(), gone);
    assert_eq!(fs::read(server(&house)).unwrap(), one);
    assert!(matches!(next_root::retire(&house.dir()), Err(PkiError::NothingToRetire)));
}

#[test]
fn no_root_is_retired_under_an_authority_that_is_prepared_and_none_is_activated_under_a_root_that_nobody_trusts() {
    let house = House::new();
    let (old, new) = (house.init().unwrap().root_folder, house.root.path().join("root-2"));
    exchanged(&house, &old, &new);
    // The next rotation is begun with the root that everybody is used to.
    rotation::prepare(&house.dir(), &old, None, house.tools()).unwrap();
    assert!(matches!(next_root::retire(&house.dir()), Err(PkiError::NextInUse)));
    // Somebody has put the bundles back.
    for bundle in [house.dir().join("ca.pem"), server(&house)] {
        fs::copy(new.join("root.pem"), bundle).unwrap();
    }
    assert!(matches!(rotation::activate(&house.dir(), house.tools()), Err(PkiError::UnknownRoot)));
    house.issue(URI, "after", 9).expect("the authority of the root that is trusted signs on");
}
